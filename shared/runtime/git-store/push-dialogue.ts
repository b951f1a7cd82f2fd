import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { reservedReason } from './push-rules.ts'
import { ZERO } from './refs.ts'
import type { PushGuard, RefUpdate, Verdict } from './types.ts'

/** The directory of the receive hooks, git's `core.hooksPath` for receive-pack only. */
export const HOOKS = `${import.meta.dirname}/hooks`

const UPDATE = /^([0-9a-f]{40}) ([0-9a-f]{40}) (yes|no) (.+)$/

/**
 * Talks with the receive hooks of one push over two pipes that only that push's processes hold (see `hooks/ask`):
 * `pre-receive` is answered with the guard's verdict, `post-receive` when the guard has heard of what really changed.
 * A guard that throws refuses the push; the error goes to `onError`.
 */
export async function answerHooks(
  pipes: { questions: Readable; answers: Writable },
  guard: PushGuard | null,
  onError: (error: unknown) => void,
): Promise<void> {
  // A push that was cut off closes the pipes; there is nobody left to tell.
  pipes.answers.on('error', () => undefined)
  pipes.questions.on('error', () => undefined)
  let updates: RefUpdate[] = []
  for await (const line of createInterface({ input: pipes.questions })) {
    if (!line.startsWith('end ')) {
      updates.push(parseUpdate(line))
      continue
    }
    const verdict = await answer(line.slice('end '.length), updates, guard).catch((error): Verdict => {
      onError(error)
      return { ok: false, reason: 'the server could not check this push' }
    })
    updates = []
    pipes.answers.write(`${verdict.ok ? 'ok' : verdict.reason.replace(/\s+/g, ' ')}\n`)
  }
}

async function answer(hook: string, updates: RefUpdate[], guard: PushGuard | null): Promise<Verdict> {
  if (guard === null) return { ok: false, reason: 'pushing is not allowed' }
  if (hook === 'post-receive') {
    await guard.onPushed(updates)
    return { ok: true }
  }
  const reserved = updates.map(reservedReason).find(reason => reason !== null)
  return reserved === undefined ? guard.mayPush(updates) : { ok: false, reason: reserved }
}

function parseUpdate(line: string): RefUpdate {
  const [, old, next, forward, ref] = UPDATE.exec(line) ?? []
  if (old === undefined || next === undefined || ref === undefined)
    throw new Error(`Unexpected line of a hook: ${line}`)
  return {
    ref,
    old: old === ZERO ? null : old,
    next: next === ZERO ? null : next,
    fastForward: forward === 'yes' || old === ZERO,
  }
}
