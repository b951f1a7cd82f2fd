import { berths } from '../berths.js'

export const routes = [{ method: 'GET', path: '/api/berths', handle: () => berths }]
