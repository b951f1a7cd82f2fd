/** The runner broke the protocol: what it says can no longer be believed, its container has been removed. */
export class RunnerViolation extends Error {
  override name = 'RunnerViolation'
}

/** The runner is gone: `exited` (or its stream ended), `deadline` (did not answer in time), `failed` (gave up itself). */
export type LostReason = 'exited' | 'deadline' | 'failed'

/** The runner cannot go on; its container has been removed. The task can be resumed from its last checkpoint. */
export class RunnerLost extends Error {
  override name = 'RunnerLost'
  readonly reason: LostReason
  /** The kernel killed something in the container for want of memory, at some time. */
  readonly oomKilled: boolean
  constructor(message: string, reason: LostReason, oomKilled = false) {
    super(oomKilled ? `${message} (out of memory)` : message)
    this.reason = reason
    this.oomKilled = oomKilled
  }
}
