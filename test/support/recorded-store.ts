import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Fenced } from '../../shared/runtime/refused.ts'
import type { TaskStore } from '../../shared/runtime/task-store/index.ts'
import type { PipelineStore } from '../../shared/runtime/task-store/pipeline-types.ts'
import type { Fence, RunStore } from '../../shared/runtime/task-store/types.ts'

/** One write of a run: what was tried, and what the store answered. Times are of this machine's clock, in ms. */
export interface Write {
  name: string
  taskId: string
  epoch: number
  worker: string
  startedAt: number
  endedAt: number
  outcome: 'ok' | 'fenced' | 'failed'
  /** The iteration that it stores, or that `load` gave back. */
  iteration?: number
  attempt?: number
  checkpoint?: string
  /** Texts that `readMessages` gave. */
  texts?: string[]
}

const RUN_WRITES = ['open', 'load', 'endIteration', 'readMessages', 'storeReply', 'tell', 'storeCheck'] as const
type RunWrite = keyof RunStore | keyof PipelineStore
const ENDS = ['ready', 'fail', 'giveBack', 'park', 'startPipeline', 'childDone'] as const
/** These say whether they have done it. */
const ASKING: readonly string[] = ['ready', 'startPipeline', 'childDone']

/** The same store, every write of whose runs is told to `record` once it has been answered. */
export function recordedStore(store: TaskStore, record: (write: Write) => void): TaskStore {
  const recorded = (name: RunWrite) => {
    const write = store[name] as (fence: Fence, ...rest: unknown[]) => Promise<unknown>
    return async (fence: Fence & { attempt?: number }, ...rest: unknown[]) => {
      const startedAt = Date.now()
      const end = (outcome: Write['outcome'], result?: unknown) =>
        record({
          name,
          taskId: fence.taskId,
          epoch: Number(fence.epoch),
          worker: fence.worker,
          startedAt,
          endedAt: Date.now(),
          outcome,
          ...(fence.attempt !== undefined && { attempt: fence.attempt }),
          ...detail(name, rest, result),
        })
      try {
        const result = await write(fence, ...rest)
        // A task with an unread message was not made ready, a pipeline that has ended not started.
        if (!ASKING.includes(name) || result === true) end('ok', result)
        return result
      } catch (error) {
        end(error instanceof Fenced ? 'fenced' : 'failed')
        throw error
      }
    }
  }
  const names = [...RUN_WRITES, ...ENDS]
  return { ...store, ...(Object.fromEntries(names.map(name => [name, recorded(name)])) as Partial<TaskStore>) }
}

function detail(name: RunWrite, rest: unknown[], result: unknown): Partial<Write> {
  if (name === 'storeReply') return { iteration: rest[0] as number }
  if (name === 'endIteration') {
    const { iteration, checkpoint } = rest[0] as { iteration: number; checkpoint: string | null }
    return { iteration, ...(checkpoint && { checkpoint }) }
  }
  if (name === 'load' && result) return { iteration: (result as { iteration: number }).iteration }
  if (name === 'readMessages' && result) return { texts: (result as { text: string }[]).map(({ text }) => text) }
  return {}
}

/** Appends to a file that outlives the process which writes it; one write is one line. */
export const recordInto = (file: string) => (write: Write) => appendFileSync(file, `${JSON.stringify(write)}\n`)

/** What processes have recorded into the file. A last line that a kill cut off is left out. */
export function readRecorded(file: string): Write[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        return [JSON.parse(line) as Write]
      } catch {
        return []
      }
    })
}
