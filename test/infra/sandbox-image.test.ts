import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureSandboxImage, sandboxImageTag } from '../../infra/bootstrap/sandbox-image.ts'
import { docker, sandboxImage } from '../support/servers.ts'

describe('the name of the image', () => {
  let root: string

  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-image-'))
    for (const name of ['node', 'npm', 'zod']) put(`node_modules/${name}/package.json`, '{"version": "1.0.0"}')
    put('infra/sandbox/Dockerfile', 'FROM scratch')
    put('services/runner/main.ts', 'one')
    put('shared/domain/limits.ts', 'two')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const changes: [string, () => void][] = [
    ['a changed source of the runner', () => put('services/runner/main.ts', 'other')],
    ['a new file in the contract', () => put('shared/contract/frames.ts', '')],
    ['a file moved', () => put('shared/domain/sub/limits.ts', 'two')],
    ['a changed Dockerfile', () => put('infra/sandbox/Dockerfile', 'FROM other')],
    ['another version of Node', () => put('node_modules/node/package.json', '{"version": "2.0.0"}')],
  ]
  test.each(changes)('changes with %s', (_, change) => {
    const before = sandboxImageTag({ root })
    change()
    expect(sandboxImageTag({ root })).not.toBe(before)
  })

  test('changes with the extra certificate authorities', () => {
    put('ca.pem', 'authority')
    const caFile = join(root, 'ca.pem')
    const before = sandboxImageTag({ root, caFile })
    expect(before).not.toBe(sandboxImageTag({ root, caFile: undefined }))
    put('ca.pem', 'another')
    expect(sandboxImageTag({ root, caFile })).not.toBe(before)
  })

  test('stays with what is not in the image, with times, and in a copy elsewhere', () => {
    const before = sandboxImageTag({ root })
    put('services/worker/main.ts', 'any')
    put('services/runner/README.md', 'any')
    utimesSync(join(root, 'services/runner/main.ts'), 1, 1)
    expect(sandboxImageTag({ root })).toBe(before)
    const copy = mkdtempSync(join(tmpdir(), 'slipway-image-'))
    cpSync(root, copy, { recursive: true })
    expect(sandboxImageTag({ root: copy })).toBe(before)
    rmSync(copy, { recursive: true })
  })
})

describe('the image', () => {
  async function inContainer(command: string): Promise<string> {
    let output = ''
    const sink = new Writable({
      write(chunk, _, done) {
        output += chunk
        done()
      },
    })
    const options = { Tty: false, HostConfig: { NetworkMode: 'none', AutoRemove: true } }
    await docker().run(sandboxImage(), ['sh', '-c', command], [sink, sink], options)
    return output.trim()
  }

  test('is found, not built, the second time', async () => {
    const said: string[] = []
    await ensureSandboxImage({ docker: docker(), onProgress: line => said.push(line) })
    expect(said).toEqual([])
  })

  test("holds the project's Node, npm, git and the usual tools, without a network", async () => {
    expect(await inContainer('node -v')).toBe(process.version)
    expect(await inContainer('npm -v')).toMatch(/^\d+\.\d+\.\d+$/)
    const tools = ['git', 'rg', 'python3', 'make', 'curl', 'jq', 'ps', 'patch']
    expect(
      await inContainer(`for tool in ${tools.join(' ')}; do command -v $tool > /dev/null || echo $tool; done`),
    ).toBe('')
  })

  test('runs as a user without rights, and holds no program that gives any', async () => {
    expect(await inContainer('id -u; id -g; find / -xdev -perm /6000 -type f 2> /dev/null')).toBe('1000\n1000')
  })

  test('has the runner and what it imports', async () => {
    const script = "import('/opt/slipway/shared/contract/common.ts').then(() => console.log('imported'))"
    expect(await inContainer(`node -e "${script}"`)).toBe('imported')
    expect(await inContainer('ls /opt/slipway /opt/slipway/node_modules')).toMatch(/shared[\s\S]*zod/)
  })
})
