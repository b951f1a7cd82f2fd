import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { routesTable } from './routes-table.ts'

const running = 'http://127.0.0.1:3000'

/** `vite build` makes `dist`, which the API serves. `vite services/web` serves the sources in front of a running Slipway. */
export default defineConfig({
  plugins: [routesTable(), react(), tailwindcss()],
  build: { target: 'es2023', sourcemap: true, chunkSizeWarningLimit: 900 },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': running, '/git': running, '/socket.io': { target: running, ws: true } },
  },
})
