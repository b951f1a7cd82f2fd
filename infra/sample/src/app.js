import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'

const here = import.meta.dirname
const pages = join(here, '../public')
const types = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript' }

/** An HTTP server with the routes of `src/routes` and the pages of `public`. */
export async function createApp() {
  const files = (await readdir(join(here, 'routes'))).filter(file => file.endsWith('.js')).sort()
  const routes = (await Promise.all(files.map(file => import(`./routes/${file}`)))).flatMap(module => module.routes)

  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const route = routes.find(each => each.method === request.method && each.path === pathname)
    try {
      if (route) return send(response, 200, await route.handle(await bodyOf(request)))
      if (request.method === 'GET') return await sendPage(response, pathname === '/' ? '/index.html' : pathname)
      send(response, 404, { error: 'There is nothing here.' })
    } catch (error) {
      send(response, error.status ?? 500, { error: error.message })
    }
  })
}

function send(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

async function sendPage(response, path) {
  const known = await readdir(pages)
  const name = path.slice(1)
  if (!known.includes(name)) return send(response, 404, { error: 'There is no such page.' })
  response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' })
  response.end(await readFile(join(pages, name)))
}

async function bodyOf(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return text ? JSON.parse(text) : undefined
}
