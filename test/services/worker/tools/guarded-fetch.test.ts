import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createGuardedFetch, pinned } from '../../../../services/worker/tools/mcp/guarded-fetch.ts'

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const post = { method: 'POST', body: '{}' }

test.each([
  ...['http://127.0.0.1/mcp', 'http://localhost/mcp', 'http://[::1]/mcp', 'http://2130706433/', 'http://0x7f.1/'],
  ...['http://169.254.169.254/latest', 'http://10.0.0.1/', 'http://[::ffff:10.0.0.1]/', 'https://192.168.1.1/'],
])('%s is not reached where local addresses are not allowed', async url => {
  await expect(createGuardedFetch({ allowLocal: false })(url, post)).rejects.toThrow(/public internet/)
})

test('a name that points inside is not reached', async () => {
  const lookup = async () => [{ address: '10.0.0.7', family: 4 }]
  await expect(createGuardedFetch({ allowLocal: false, lookup })('http://a.example/', post)).rejects.toThrow(
    'a.example is not an address on the public internet',
  )
})

test('only http and https are spoken, and no stream is opened unasked', async () => {
  const reach = createGuardedFetch({ allowLocal: true })
  await expect(reach('file:///etc/passwd', post)).rejects.toThrow('file: is not http or https')
  expect((await reach('http://127.0.0.1:1/', { method: 'GET' })).status).toBe(405)
})

test('redirects are followed within the origin only, and not for ever', async () => {
  const asked: string[] = []
  const other = await serve((_, response) => void response.end('other'))
  const port = await serve((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['x-key']}`)
    if (request.url === '/a') return void response.writeHead(308, { location: '/b' }).end()
    if (request.url === '/away') return void response.writeHead(307, { location: `http://127.0.0.1:${other}/` }).end()
    if (request.url === '/round') return void response.writeHead(307, { location: '/round' }).end()
    response.end('here')
  })
  const reach = createGuardedFetch({ allowLocal: true })
  const options = { ...post, headers: { 'X-Key': 'k' } }
  expect(await (await reach(`http://127.0.0.1:${port}/a`, options)).text()).toBe('here')
  expect(asked).toEqual(['POST /a k', 'POST /b k'])
  await expect(reach(`http://127.0.0.1:${port}/away`, options)).rejects.toThrow('which is not followed')
  await expect(reach(`http://127.0.0.1:${port}/round`, options)).rejects.toThrow('it redirects too often')
})

test('answers are bounded, and end with the signal', async () => {
  const port = await serve((request, response) => {
    if (request.url === '/hang') return void response.write('begun')
    const piece = Buffer.alloc(64 * 1024, 'x')
    const more = () => {
      while (response.write(piece));
      response.once('drain', more)
    }
    more()
  })
  const reach = createGuardedFetch({ allowLocal: true, maxBytes: 1_000_000 })
  const endless = await reach(`http://127.0.0.1:${port}/`, post)
  await expect(endless.text()).rejects.toThrow('its answer is longer than 1000000 bytes')
  const abort = new AbortController()
  const hanging = await reach(`http://127.0.0.1:${port}/hang`, { ...post, signal: abort.signal })
  abort.abort()
  await expect(hanging.text()).rejects.toThrow()
})

test('a connection goes to the addresses that were looked at, whatever the name means by then', () => {
  const addresses = [
    { address: '93.184.215.14', family: 4 as const },
    { address: '2606:2800:21f::1', family: 6 as const },
  ]
  const given: unknown[] = []
  const take = (...answer: unknown[]) => void given.push(answer)
  pinned(addresses)('rebound.example', { all: true }, take)
  pinned(addresses)('rebound.example', {}, take)
  expect(given).toEqual([
    [null, addresses],
    [null, '93.184.215.14', 4],
  ])
})
