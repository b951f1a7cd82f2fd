import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { reservedReason } from './push-rules.ts'
import { ZERO } from './refs.ts'
import type { PushGuard, RefUpdate, Verdict } from './types.ts'

/** The directory of the receive hooks, git's `core.hooksPath` for receive-pack only. */
export const HOOKS = `${import.meta.dirname}/hooks`

const LINE = /^([0-9a-f]{40}) ([0-9a-f]{40}) (yes|no) (\d+) (.+)$/

/** Who answers: null as guard refuses every push; `treeFiles` bounds the files of a pushed tree. */
type Answering = { guard: PushGuard | null; treeFiles: number; onError: (error: unknown) => void }

/** An update, and how many files its new tree holds, counted no further than one beyond what is allowed. */
type PushedRef = { update: RefUpdate; files: number }

/**
 * Talks with the receive hooks of one push over two pipes that only that push's processes hold (see `hooks/ask`):
 * `pre-receive` is answered with the guard's verdict, `post-receive` when the guard has heard of what really changed.
 * A guard that throws refuses the push; the error goes to `onError`.
 */
export async function answerHooks(
  pipes: { questions: Readable; answers: Writable },
  answering: Answering,
): Promise<void> {
  // A push that was cut off closes the pipes; there is nobody left to tell.
  pipes.answers.on('error', () => undefined)
  pipes.questions.on('error', () => undefined)
  let pushed: PushedRef[] = []
  for await (const line of createInterface({ input: pipes.questions })) {
    if (!line.startsWith('end ')) {
      pushed.push(parseLine(line))
      continue
    }
    const verdict = await verdictOf(line.slice('end '.length), pushed, answering)
    pushed = []
    pipes.answers.write(`${verdict.ok ? 'ok' : verdict.reason.replace(/\s+/g, ' ')}\n`)
  }
}

async function verdictOf(
  hook: string,
  pushed: PushedRef[],
  { guard, treeFiles, onError }: Answering,
): Promise<Verdict> {
  if (guard === null) return { ok: false, reason: 'pushing is not allowed' }
  const updates = pushed.map(({ update }) => update)
  try {
    if (hook === 'pre-receive') return refusal(pushed, treeFiles) ?? (await guard.mayPush(updates))
    await guard.onPushed(updates)
    return { ok: true }
  } catch (error) {
    onError(error)
    return { ok: false, reason: 'the server could not check this push' }
  }
}

/** What no guard may allow. */
function refusal(pushed: PushedRef[], treeFiles: number): Verdict | null {
  const reserved = pushed.map(({ update }) => reservedReason(update)).find(reason => reason !== null)
  if (reserved !== undefined) return { ok: false, reason: reserved }
  return pushed.some(({ files }) => files > treeFiles) ? { ok: false, reason: `more than ${treeFiles} files` } : null
}

function parseLine(line: string): PushedRef {
  const [, old, next, forward, files, ref] = LINE.exec(line) ?? []
  if (old === undefined || next === undefined || ref === undefined) throw new Error(`Not a line of a hook: ${line}`)
  const update = {
    ref,
    old: old === ZERO ? null : old,
    next: next === ZERO ? null : next,
    fastForward: forward === 'yes' || old === ZERO,
  }
  return { update, files: Number(files) }
}
