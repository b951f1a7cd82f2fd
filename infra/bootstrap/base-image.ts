import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { aptInstall } from './apt.ts'
import { followEngine, tarOf } from './engine-stream.ts'
import { isDebianRoot, must, type OnProgress, which } from './run.ts'

/** The image that every Dockerfile of the project starts from. */
export const baseImage = 'debian:bookworm-slim'

const pullDeadline = 60_000
const firstByteDeadline = 15_000

/** True when the engine has an image under this name. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect()
    return true
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false
    throw error
  }
}

/**
 * Makes sure that the engine has the base image: pulled where a registry answers soon, else built with debootstrap (Debian
 * under root). Throws when neither works.
 */
export async function ensureBaseImage(docker: Docker, onProgress: OnProgress = () => {}): Promise<void> {
  if (await hasImage(docker, baseImage)) return
  const refused = await pull(docker, onProgress)
  if (refused === null) return
  if (!isDebianRoot()) throw new Error(`${baseImage} could not be pulled (${refused}) and is not on this machine.`)
  onProgress('no registry answers, building the base image from Debian packages')
  await bootstrap(docker, onProgress)
}

/** Null when the image came, else why it did not. */
async function pull(docker: Docker, onProgress: OnProgress): Promise<string | null> {
  onProgress(`pulling ${baseImage}`)
  const abort = new AbortController()
  const timers = [setTimeout(() => abort.abort(), firstByteDeadline), setTimeout(() => abort.abort(), pullDeadline)]
  try {
    const stream = await docker.pull(baseImage, { abortSignal: abort.signal })
    clearTimeout(timers[0])
    await followEngine(docker, stream, onProgress)
    return null
  } catch (error) {
    return abort.signal.aborted ? 'no answer' : String((error as Error).message ?? error)
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}

async function bootstrap(docker: Docker, onProgress: OnProgress): Promise<void> {
  if (!which('debootstrap')) await aptInstall(['debootstrap'], onProgress)
  const folder = await mkdtemp(join(tmpdir(), 'slipway-base-'))
  try {
    const args = ['--variant=minbase', '--include=ca-certificates', 'bookworm', folder]
    await must(which('debootstrap') ?? 'debootstrap', args, { onLine: onProgress })
    const [repo, tag] = baseImage.split(':')
    const stream = await docker.importImage(tarOf(folder, ['./var/cache/apt/archives/*.deb']), { repo, tag })
    await followEngine(docker, stream)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
