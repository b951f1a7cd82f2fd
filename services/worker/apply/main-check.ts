import type { CheckRecord } from '../../../shared/runtime/task-store/types.ts'
import type { MainCheck, RunDeps } from '../run/deps.ts'
import { verify } from './verify.ts'

/** Runs the checks on main at most once for each commit and process, and stores their result. */
export function createMainCheck(deps: Omit<RunDeps, 'checkMain' | 'broker' | 'hints'>): MainCheck {
  const running = new Map<string, Promise<CheckRecord>>()
  return async (request, signal) => {
    const { projectId, sha, command } = request
    const stored = await deps.store.mainCheck(projectId, sha, command)
    if (stored) return stored
    const key = `${projectId} ${sha} ${command}`
    const begun = running.get(key)
    if (begun) return begun
    const fresh = verify(deps, request, signal)
      .then(async check => {
        await deps.store.storeMainCheck(projectId, check)
        return check
      })
      .finally(() => running.delete(key))
    running.set(key, fresh)
    return fresh
  }
}
