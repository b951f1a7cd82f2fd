import type { GitStore } from '../../../shared/runtime/git-store/types.ts'
import type { Hints } from '../../../shared/runtime/hints.ts'
import type { Log } from '../../../shared/runtime/log.ts'
import type { PriceList } from '../../../shared/runtime/prices.ts'
import type { ContextStore } from '../../../shared/runtime/task-store/context-types.ts'
import type { PipelineStore } from '../../../shared/runtime/task-store/pipeline-types.ts'
import type { ApplyStore, CheckRecord, RunStore } from '../../../shared/runtime/task-store/types.ts'
import type { Broker } from '../models/broker.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { SandboxIdentity } from '../sandbox/types.ts'
import type { McpDeps } from '../tools/mcp/server.ts'

export interface VerifyRequest {
  projectId: string
  sha: string
  command: string
  setupCommand: string | null
  /** Whose container it is, for labels and the reaper. */
  identity: SandboxIdentity
}

/** Main's own result at a commit: the stored one, else the checks are run there once. */
export type MainCheck = (request: VerifyRequest, signal: AbortSignal) => Promise<CheckRecord>

/** What a run works with. */
export interface RunDeps {
  store: RunStore & ContextStore & PipelineStore & ApplyStore
  git: GitStore
  sandbox: Sandbox
  broker: Broker
  hints: Hints
  log: Log
  prices: PriceList
  /** Main's own result of the checks. */
  checkMain: MainCheck
  mcp: McpDeps
}
