import type { CheckRecord } from '../../../shared/runtime/task-store/types.ts'
import type { MainCheck, RunDeps, VerifyRequest } from '../run/deps.ts'
import { verify } from './verify.ts'

/**
 * Runs the checks on main at most once for each commit and process, and stores their result. Who joins a run that another has begun
 * waits no longer than its own signal lets it, and runs them itself when the other was stopped.
 */
export function createMainCheck(deps: Omit<RunDeps, 'checkMain' | 'broker' | 'hints' | 'mcp' | 'prices'>): MainCheck {
  const running = new Map<string, Promise<CheckRecord>>()

  const begin = (key: string, request: VerifyRequest, signal: AbortSignal): Promise<CheckRecord> => {
    const fresh = verify(deps, request, signal)
      .then(async check => {
        await deps.store.storeMainCheck(request.projectId, check)
        return check
      })
      .finally(() => running.delete(key))
    running.set(key, fresh)
    return fresh
  }

  return async (request, signal) => {
    const { projectId, sha, command } = request
    const key = `${projectId} ${sha} ${command}`
    for (;;) {
      const stored = await deps.store.mainCheck(projectId, sha, command)
      if (stored) return stored
      signal.throwIfAborted()
      const begun = running.get(key)
      if (!begun) return begin(key, request, signal)
      await settled(begun, signal)
    }
  }
}

/** Waits for the end of what another has begun, however it ends; throws the signal's reason where that comes first. */
async function settled(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work.then(ignore, ignore), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const ignore = () => {}
