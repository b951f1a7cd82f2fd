import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { OnProgress } from './run.ts'

type EngineEvent = { status?: string; stream?: string; error?: string }

/** A tar stream of a folder's content, without the paths that match the patterns. */
export function tarOf(folder: string, exclude: string[] = []): Readable {
  const args = [...exclude.map(pattern => `--exclude=${pattern}`), '-C', folder, '-c', '.']
  // macOS otherwise adds its own files beside every real one.
  const env = { ...process.env, COPYFILE_DISABLE: '1' }
  return spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'], env }).stdout
}

/** Reads the engine's messages about a pull, import or build to the end. Throws with the engine's words when it failed. */
export function followEngine(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onProgress: OnProgress = () => {},
): Promise<void> {
  const tail: string[] = []
  return new Promise((resolve, reject) => {
    const finished = (error: Error | null, events?: EngineEvent[]) => {
      const failure = error?.message ?? events?.find(event => event.error)?.error
      if (failure) reject(new Error([...tail, failure].join('\n')))
      else resolve()
    }
    docker.modem.followProgress(stream, finished, (event: EngineEvent) => {
      const line = (event.stream ?? event.status ?? '').trim()
      if (!line) return
      tail.push(line)
      if (tail.length > 15) tail.shift()
      onProgress(line)
    })
  })
}

/** The host's proxy settings, which a build needs as well to reach Debian's mirrors. */
export function buildArguments(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
  return Object.fromEntries(names.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])))
}
