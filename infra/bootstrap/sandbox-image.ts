import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type Docker from 'dockerode'
import { ensureBaseImage, hasImage } from './base-image.ts'
import { dockerClient } from './docker.ts'
import { buildArguments, followEngine, tarOf } from './engine-stream.ts'
import { linuxNode } from './linux-node.ts'
import type { OnProgress } from './run.ts'

const projectRoot = join(import.meta.dirname, '../..')
const dockerfile = 'infra/sandbox/Dockerfile'
/** What of the project the runner needs, beside zod. */
const sources = ['services/runner', 'shared/contract', 'shared/domain']
const installed = ['node', 'npm', 'zod']

export type SandboxImageOptions = {
  /** The folder with the project; this one, unless a test says otherwise. */
  root?: string
  /** PEM file with certificate authorities that the image is to trust besides Debian's. */
  caFile?: string | undefined
}

/**
 * The name of the sandbox image that belongs to the project as it lies on disk: `slipway-sandbox:<hash>`. The hash covers
 * the runner's sources, the Dockerfile, the extra authorities and the versions of what is installed, so a change of any of them is
 * another image and an unchanged project finds its image built.
 */
export function sandboxImageTag(options: SandboxImageOptions = {}): string {
  const { root = projectRoot, caFile = process.env.SANDBOX_CA_FILE } = options
  const hash = createHash('sha256')
  const add = (name: string, content: Buffer | string) =>
    hash.update(`${name}\0${content.length}\0`).update(content).update('\0')
  add('Dockerfile', readFileSync(join(root, dockerfile)))
  for (const file of sourceFiles(root)) add(file, readFileSync(join(root, file)))
  for (const name of installed) add(name, installedVersion(root, name))
  if (caFile) add('ca', readFileSync(caFile))
  return `slipway-sandbox:${hash.digest('hex').slice(0, 16)}`
}

/**
 * Makes sure that the engine has the sandbox image of this project and gives its name. Builds it once (a minute or two, with a
 * network for Debian packages); afterwards it is found by its name. Throws with the engine's words when the build fails.
 */
export async function ensureSandboxImage(
  deps: SandboxImageOptions & { docker?: Docker; onProgress?: OnProgress } = {},
): Promise<string> {
  const {
    docker = dockerClient(),
    onProgress = () => {},
    root = projectRoot,
    caFile = process.env.SANDBOX_CA_FILE,
  } = deps
  const tag = sandboxImageTag({ root, caFile })
  if (await hasImage(docker, tag)) return tag
  await ensureBaseImage(docker, onProgress)
  onProgress('building the sandbox image')
  const context = await mkdtemp(join(tmpdir(), 'slipway-sandbox-'))
  try {
    await assemble(context, { docker, root, caFile, onProgress })
    const stream = await docker.buildImage(tarOf(context), { t: tag, buildargs: buildArguments() })
    await followEngine(docker, stream, onProgress)
  } finally {
    await rm(context, { recursive: true, force: true })
  }
  return tag
}

type AssembleDeps = { docker: Docker; root: string; caFile: string | undefined; onProgress: OnProgress }

async function assemble(context: string, { docker, root, caFile, onProgress }: AssembleDeps): Promise<void> {
  const packages = join(context, 'packages')
  const runner = join(context, 'sources')
  await cp(join(root, dockerfile), join(context, 'Dockerfile'))
  await mkdir(join(context, 'ca'))
  if (caFile) await cp(caFile, join(context, 'ca/extra.crt'))
  await cp(await linuxNode({ docker, root, onProgress }), join(context, 'node'))
  await cp(join(root, 'node_modules/npm'), join(context, 'npm'), { recursive: true })
  await cp(join(root, 'node_modules/zod'), join(packages, 'node_modules/zod'), { recursive: true })
  await writeFile(
    join(packages, 'package.json'),
    JSON.stringify({ name: 'slipway-runner', private: true, type: 'module' }),
  )
  await mkdir(runner)
  for (const file of sourceFiles(root)) {
    await mkdir(dirname(join(runner, file)), { recursive: true })
    await cp(join(root, file), join(runner, file))
  }
}

function sourceFiles(root: string): string[] {
  return sources
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .sort()
}

function installedVersion(root: string, name: string): string {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

if (import.meta.main) console.log(await ensureSandboxImage({ onProgress: line => console.error(line) }))
