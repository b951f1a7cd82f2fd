import type { Readable } from 'node:stream'
import { defaultSandboxLimits } from '../sandbox/create-options.ts'
import type { Container, SandboxIdentity } from '../sandbox/types.ts'
import type { RunDeps } from './deps.ts'

/** A started container, and a commit's bundle for it. Where it cannot be started, the bundle's connection is let go. */
export async function containerFor(
  { git, sandbox }: Pick<RunDeps, 'git' | 'sandbox'>,
  { projectId, sha, identity }: { projectId: string; sha: string; identity: SandboxIdentity },
  signal: AbortSignal,
): Promise<{ container: Container; bundle: Readable }> {
  const bundle = await git.bundle(projectId, { want: sha, have: [] }, signal)
  // While the container starts nobody reads it: a run that is stopped meanwhile must not take the process with it.
  bundle.on('error', () => {})
  try {
    return { bundle, container: await sandbox.start({ ...identity, limits: defaultSandboxLimits() }, signal) }
  } catch (error) {
    bundle.destroy()
    throw error
  }
}
