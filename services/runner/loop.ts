import type { RunnerCall, Turn } from '../../shared/contract/runner.ts'
import type { ToolOutcome } from './tools/index.ts'
import type { Checkpoint } from './workspace.ts'

export type LoopDeps = {
  /** The iteration to begin with: 0, or where a resumed run goes on. */
  first: number
  worker: {
    /** Hands over the checkpoint and asks what to do next. The worker has stored all of it when it answers. */
    next(iteration: number, checkpoint: Checkpoint): Promise<Turn>
    /** Has the worker run a call of its own. */
    call(index: number): Promise<void>
    result(call: RunnerCall, outcome: ToolOutcome): Promise<void>
  }
  runTool(call: RunnerCall): Promise<ToolOutcome>
  checkpoint(message: string): Promise<Checkpoint>
}

/** The agent's loop: ask, run the calls one after the other, save, again; until the worker says stop. */
export async function runLoop({ first, worker, runTool, checkpoint }: LoopDeps): Promise<void> {
  let saved: Checkpoint = {}
  for (let iteration = first; ; iteration++) {
    const turn = await worker.next(iteration, saved)
    if (turn.kind === 'stop') return
    for (const call of turn.calls) {
      if (call.where === 'worker') await worker.call(call.index)
      else await worker.result(call, await runTool(call))
    }
    saved = await checkpoint(`Checkpoint ${turn.iteration}`)
  }
}
