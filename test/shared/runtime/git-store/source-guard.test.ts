import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseSource } from '../../../../shared/runtime/git-store/source.ts'
import { guardSource } from '../../../../shared/runtime/git-store/source-guard.ts'
import { temporaryStore } from './support.ts'

const at =
  (...addresses: string[]) =>
  async () =>
    addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
const guard = (url: string, lookup: Parameters<typeof guardSource>[2], env = {}) =>
  guardSource(parseSource(url, false), env, lookup)

describe('an import', () => {
  test.each([
    ...['https://127.0.0.1/a.git', 'https://[::1]/a.git', 'https://[::ffff:7f00:1]/a.git', 'https://2130706433/a.git'],
    ...[
      'https://0x7f.1/a.git',
      'https://169.254.169.254/latest',
      'https://localhost:8443/a.git',
      'git://10.0.0.1/a.git',
    ],
    ...['ssh://git@192.168.0.1/a.git', 'ssh://2130706433/a.git', 'git@localhost:a.git', 'git://[fd00::1]/a.git'],
  ])('of %s reaches nothing', async url => {
    const disk = await temporaryStore({ allowLocalSources: false })
    onTestFinished(disk.close)
    await expect(disk.store.create('p', { kind: 'git', url })).rejects.toMatchObject({
      code: 'invalid_source',
      message: expect.stringContaining('public internet'),
    })
  })

  test('of a name that points inside reaches nothing', async () => {
    await expect(guard('https://inside.example/a.git', at('93.184.215.14', '10.0.0.5'))).rejects.toMatchObject({
      code: 'invalid_source',
    })
  })

  test('goes to the addresses that were looked at', async () => {
    const { config, ssh } = await guard('https://example.com:8443/a.git', at('93.184.215.14', '2606:2800:21f::1'))
    expect(config).toContain('http.curloptResolve=example.com:8443:93.184.215.14,[2606:2800:21f::1]')
    expect(config).toContain('http.followRedirects=false')
    expect(ssh).toBe(' -oHostName=93.184.215.14 -oHostKeyAlias=example.com')
    const scp = await guard('git@example.com:me/a.git', at('93.184.215.14'))
    expect(scp.ssh).toBe(' -oHostName=93.184.215.14 -oHostKeyAlias=example.com')
  })

  test('git itself goes where it is told, not where the name points', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.headers.host}${request.url}`)
      response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const resolve = `http.curloptResolve=nowhere.invalid:${port}:127.0.0.1`
    const listing = promisify(execFile)('git', ['-c', resolve, 'ls-remote', `http://nowhere.invalid:${port}/a.git`], {
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null' },
    })
    await expect(listing).rejects.toThrow()
    expect(asked[0]).toContain(`nowhere.invalid:${port}/a.git/info/refs`)
  })

  test('behind a proxy leaves names that only the proxy knows to it, but not those that point inside', async () => {
    const unknown = () => Promise.reject(new Error('ENOTFOUND'))
    const proxy = { https_proxy: 'http://proxy.example:3128' }
    expect((await guard('https://example.com/a.git', unknown, proxy)).config).toEqual(['http.followRedirects=false'])
    await expect(guard('https://example.com/a.git', unknown)).rejects.toMatchObject({ code: 'invalid_source' })
    await expect(guard('ssh://git@example.com/a.git', unknown, proxy)).rejects.toMatchObject({ code: 'invalid_source' })
    await expect(guard('https://example.com/a.git', at('10.0.0.1'), proxy)).rejects.toMatchObject({
      code: 'invalid_source',
    })
  })
})
