import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { must, type OnProgress } from './run.ts'

const architectures: Record<string, string> = { amd64: 'x64', x86_64: 'x64', arm64: 'arm64', aarch64: 'arm64' }

/**
 * The path of a Node binary that runs in the engine's containers, of the version that the project installs: the one in
 * `node_modules` where host and engine are alike, else (macOS, another processor) the one that npm publishes for the engine's system.
 */
export async function linuxNode(deps: { docker: Docker; root: string; onProgress: OnProgress }): Promise<string> {
  const { docker, root, onProgress } = deps
  const engine = await docker.version()
  const arch = architectures[engine.Arch] ?? engine.Arch
  if (process.platform === 'linux' && process.arch === arch) return join(root, 'node_modules/node/bin/node')
  const version = JSON.parse(readFileSync(join(root, 'node_modules/node/package.json'), 'utf8')).version
  const folder = join(tmpdir(), `slipway-node-${version}-${arch}`)
  const binary = join(folder, 'package/bin/node')
  if (existsSync(binary)) return binary
  onProgress(`fetching Node ${version} for linux-${arch}`)
  await mkdir(folder, { recursive: true })
  const npm = join(root, 'node_modules/npm/bin/npm-cli.js')
  const pack = ['pack', `node-linux-${arch}@${version}`, '--silent', '--pack-destination', folder]
  const archive = (await must(process.execPath, [npm, ...pack], { cwd: folder })).trim()
  await must('tar', ['-xzf', join(folder, archive), '-C', folder])
  return binary
}
