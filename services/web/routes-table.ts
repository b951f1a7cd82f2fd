import type { Plugin } from 'vite'
import { ROUTES } from '../../shared/contract/routes.ts'

/**
 * Gives the browser the table of routes without its schemas: the client needs only method and path, and zod, which checks on the
 * server, would be a third of the first load.
 */
export function routesTable(): Plugin {
  const table = Object.fromEntries(Object.entries(ROUTES).map(([name, { method, path }]) => [name, { method, path }]))
  return {
    name: 'routes-table',
    enforce: 'pre',
    load: id => (id.endsWith('/shared/contract/routes.ts') ? `export const ROUTES = ${JSON.stringify(table)}` : null),
  }
}
