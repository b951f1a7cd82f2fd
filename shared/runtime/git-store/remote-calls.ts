import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { GIT_STORE_BASE, GitStoreProblem } from '../../contract/git-store.ts'
import { Fenced, GitStoreError } from './errors.ts'
import type { BundleBody } from './types.ts'

const PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000

/** One call of the API's internal routes. */
export type RemoteCall<T> = {
  /** Below `/internal/v1/repos/`, with the query. */
  path: string
  type: string
  body: BundleBody
  /** For this call with all of its repetitions. */
  withinMs: number
  /** Whether a call that may have been carried out can be made again. */
  repeatable: boolean
  signal?: AbortSignal
  read(response: Response): Promise<T>
}

type Outcome<T> = { done: T } | { failed: GitStoreError; again: boolean }

/**
 * Makes calls to the API. One that cannot be reached, is restarting (503) or breaks off is called again until the time
 * is over, as far as the call allows; a stream as body can be sent once only. Throws `unavailable` when it stays so,
 * `Fenced`, and every other `GitStoreError` as the store threw it.
 */
export function createRemoteCalls(deps: { url: string; token: string }) {
  const base = new URL(GIT_STORE_BASE, deps.url).href

  async function send<T>(call: RemoteCall<T>): Promise<T> {
    const signal = AbortSignal.any([AbortSignal.timeout(call.withinMs), ...(call.signal ? [call.signal] : [])])
    for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const outcome = await attempt(call, signal)
      if ('done' in outcome) return outcome.done
      if (!outcome.again) throw outcome.failed
      await wait(pause, undefined, { signal }).catch(() => {
        throw call.signal?.aborted ? call.signal.reason : outcome.failed
      })
    }
  }

  async function attempt<T>(call: RemoteCall<T>, signal: AbortSignal): Promise<Outcome<T>> {
    const streams = call.body instanceof Readable
    try {
      const response = await fetch(`${base}/${call.path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${deps.token}`, 'content-type': call.type },
        body: call.body instanceof Readable ? chunksOf(call.body) : call.body,
        duplex: 'half',
        redirect: 'error',
        signal,
      })
      if (response.ok) return { done: await call.read(response) }
      const problem = await readProblem(response)
      if (problem.code !== 'unavailable') throw problem
      return { failed: problem, again: !streams }
    } catch (error) {
      if (error instanceof GitStoreError) throw error
      if (call.signal?.aborted) throw call.signal.reason
      const failed = new GitStoreError('unavailable', `The git store cannot be reached: ${reason(error)}`, {
        cause: error,
      })
      return { failed, again: !streams && (call.repeatable || neverSent(error)) }
    }
  }

  return { send }
}

/** An answer that comes before the whole body was sent ends the iteration, and so the stream. */
async function* chunksOf(stream: Readable): AsyncGenerator<Uint8Array> {
  yield* stream
}

async function readProblem(response: Response): Promise<GitStoreError> {
  const parsed = GitStoreProblem.safeParse(await response.json().catch(() => null))
  if (!parsed.success) {
    const code =
      response.status === 502 || response.status === 503 || response.status === 504 ? 'unavailable' : 'failed'
    return new GitStoreError(code, `The git store answered ${response.status}`)
  }
  const { code, detail } = parsed.data
  return code === 'fenced' ? new Fenced(detail) : new GitStoreError(code, detail)
}

/** Whether the connection was never made, so that nothing can have happened. */
function neverSent(error: unknown): boolean {
  const code = causeCode(error)
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function causeCode(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  return cause !== null && typeof cause === 'object' && 'code' in cause ? cause.code : undefined
}

function reason(error: unknown): string {
  const code = causeCode(error)
  return typeof code === 'string' ? code : error instanceof Error ? error.message : String(error)
}
