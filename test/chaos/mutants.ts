import type { RuleName } from '../support/checker.ts'
import type { Distortion } from '../support/seen-as.ts'
import * as scenarios from './scenarios.ts'

export interface Mutant {
  /** What this engine does wrong. */
  fault: string
  distortion: Distortion
  /** Tasks are put into the queue without their gates. */
  withoutGates?: boolean
  scenario: scenarios.Scenario
  /** The rule that must notice. */
  caughtBy: RuleName
}

type Proceed = (args: unknown) => Promise<unknown>
const replace = (what: string | RegExp, by: string) => (pieces: readonly string[]) =>
  pieces.map(piece => piece.replace(what, by))
const leaveOut = (what: RegExp) => (pieces: readonly string[]) => (what.test(pieces.join('?')) ? null : pieces)
const nothing = async () => null

/** Changes what those see who have locked tasks. */
const whenLocked =
  (change: (task: { state?: string }) => object): Distortion['rows'] =>
  (text, rows) =>
    text.includes('AS (SELECT * FROM tasks') ? (rows as { state?: string }[]).map(change) : rows

/** The fields of a write without some of them. */
function without(args: never, ...fields: string[]): unknown {
  const { data, ...rest } = args as { data: Record<string, unknown> }
  return { ...rest, data: Object.fromEntries(Object.entries(data).filter(([field]) => !fields.includes(field))) }
}

/** A compare-and-set that does not compare. */
function blindly(args: never, proceed: Proceed): Promise<unknown> {
  const { where, data } = args as { where: { id: unknown }; data: unknown }
  return proceed({ where: { id: where.id }, data })
}

export const MUTANTS: readonly Mutant[] = [
  {
    fault: 'neither gates nor the claim hold a task back',
    distortion: {
      rows: (text, rows) =>
        text.includes('q.active_ms') ? (rows as object[]).map(row => ({ ...row, state: 'done' })) : rows,
      statement: replace('WHERE e.task_id = t.id AND', 'WHERE false AND e.task_id = t.id AND'),
    },
    withoutGates: true,
    scenario: scenarios.diamonds,
    caughtBy: 'startsObeyEdges',
  },
  {
    fault: 'slots are counted without locking the organization',
    distortion: {
      statement: pieces =>
        pieces.map(piece =>
          pieces[0]?.includes('FROM organizations')
            ? piece.replace('FOR NO KEY UPDATE', '')
            : // What was counted grows old, so that it shows on an idle machine as well as on a busy one.
              piece.replace(
                'WHERE parallel <= most',
                'WHERE parallel <= most AND (SELECT pg_sleep(0.1))::text IS NOT NULL',
              ),
        ),
    },
    scenario: scenarios.urgent,
    caughtBy: 'limitsHold',
  },
  {
    fault: "a project's own limit is off by one",
    distortion: { statement: replace('parallel <= most', 'parallel - 1 <= most') },
    scenario: scenarios.crowd,
    caughtBy: 'limitsHold',
  },
  {
    fault: 'a slot that gets free is not passed on',
    distortion: {
      rows: (text, rows) =>
        text.includes('AS called') ? (rows as { called: boolean }[]).filter(({ called }) => called) : rows,
    },
    scenario: scenarios.crowd,
    caughtBy: 'restIsClean',
  },
  {
    fault: 'writes do not check the epoch',
    distortion: { statement: replace('::uuid AND epoch = ', '::uuid AND 0 <= ') },
    scenario: scenarios.zombie,
    caughtBy: 'lateWritesAreRefused',
  },
  {
    fault: 'a take-over does not raise the epoch',
    distortion: {
      calls: {
        'task.update': (args, proceed) => proceed(without(args, 'epoch')),
        'run.create': async (args, proceed) => {
          const { data } = args as { data: { epoch: bigint; worker: string } }
          return data.worker === 'heir' ? null : proceed(args)
        },
      },
    },
    scenario: scenarios.zombie,
    caughtBy: 'epochsRise',
  },
  {
    fault: 'late writes are refused but not counted',
    distortion: { calls: { 'fencedWrite.create': nothing } },
    scenario: scenarios.zombie,
    caughtBy: 'lateWritesAreCounted',
  },
  {
    fault: 'a claim ignores that a lease is live',
    distortion: {
      rows: whenLocked(task => ({ ...task, lease_until: null })),
    },
    scenario: scenarios.stolenJob,
    caughtBy: 'claimsAreExclusive',
  },
  {
    fault: 'an accepted task is not put into the outbox',
    distortion: { statement: leaveOut(/SELECT 'enqueue'/) },
    scenario: scenarios.diamonds,
    caughtBy: 'nothingIsForgotten',
  },
  {
    fault: "a success does not release its dependants' gates",
    distortion: {
      calls: {
        'outbox.create': async (args, proceed) =>
          (args as { data: { kind: string } }).data.kind === 'release' ? null : proceed(args),
      },
    },
    scenario: scenarios.diamonds,
    caughtBy: 'restIsClean',
  },
  {
    fault: 'a number of the event counter is skipped',
    distortion: { statement: replace('SET seq = seq + ', 'SET seq = seq + 1 + ') },
    scenario: scenarios.diamonds,
    caughtBy: 'eventsAreGapless',
  },
  {
    fault: 'starts are not told',
    distortion: { statement: replace('place, type,', "place, replace(type, 'task.active', 'task.updated'),") },
    scenario: scenarios.diamonds,
    caughtBy: 'movesFormAChain',
  },
  {
    fault: 'a message that was read gets no place in the history',
    distortion: { calls: { 'message.update': nothing } },
    scenario: scenarios.messages,
    caughtBy: 'messagesAreReadOnce',
  },
  {
    fault: 'a task becomes ready with a message unread',
    distortion: { calls: { 'message.findFirst': nothing } },
    scenario: scenarios.messages,
    caughtBy: 'readyMeansRead',
  },
  {
    fault: 'the number of stored iterations is not kept',
    distortion: { calls: { 'task.update': (args, proceed) => proceed(without(args, 'iterations')) } },
    scenario: scenarios.givenBack,
    caughtBy: 'iterationsAreKept',
  },
  {
    fault: 'checkpoints are acknowledged and not stored',
    distortion: { calls: { 'checkpoint.upsert': nothing } },
    scenario: scenarios.givenBack,
    caughtBy: 'iterationsAreKept',
  },
  {
    fault: 'a task that is given back loses an attempt',
    distortion: {
      calls: {
        'task.updateMany': (args, proceed) => {
          const { data, ...rest } = args as { data: { state?: string; attempt?: number } }
          const back = data.state === 'queued' && data.attempt === undefined
          return proceed({ ...rest, data: back ? { ...data, attempt: { increment: 1 } } : data })
        },
      },
    },
    scenario: scenarios.givenBack,
    caughtBy: 'attemptsAreAskedFor',
  },
  {
    fault: 'cancel and finish do not compare before they set',
    distortion: {
      statement: replace('FOR NO KEY UPDATE', ''),
      calls: { 'task.updateMany': blindly },
    },
    scenario: scenarios.cancelRaces,
    caughtBy: 'movesFormAChain',
  },
  {
    fault: 'a task that is part of main is applied again',
    distortion: {
      calls: {
        'task.updateMany': blindly,
      },
      rows: whenLocked(task => ({ ...task, state: task.state === 'done' ? 'applying' : task.state })),
    },
    scenario: scenarios.applies,
    caughtBy: 'appliedOnceInOrder',
  },
  {
    fault: 'the line of applies is worked off from its end',
    distortion: {
      calls: {
        'apply.findFirst': (args, proceed) => proceed({ ...(args as object), orderBy: { position: 'desc' } }),
      },
    },
    scenario: scenarios.applies,
    caughtBy: 'appliedOnceInOrder',
  },
  {
    fault: 'edges are changed without a look at the others',
    distortion: { calls: { 'edge.findMany': async () => [] } },
    scenario: scenarios.circle,
    caughtBy: 'edgesHaveNoCircle',
  },
  {
    fault: 'neither gates nor the claim hold a sub-agent back',
    distortion: {
      rows: (text, rows) =>
        text.includes('q.active_ms') ? (rows as object[]).map(row => ({ ...row, state: 'done' })) : rows,
      statement: replace('WHERE e.task_id = t.id AND', 'WHERE false AND e.task_id = t.id AND'),
    },
    withoutGates: true,
    scenario: scenarios.unlimitedPipeline,
    caughtBy: 'startsObeyEdges',
  },
  {
    fault: 'a pipeline counts as done with its first task',
    distortion: { calls: { 'task.count': async () => 0 } },
    scenario: scenarios.pipelines,
    caughtBy: 'parentsWait',
  },
  {
    fault: 'a pipeline ends with each of its tasks',
    distortion: { calls: { 'task.count': async () => 0, 'pipeline.updateMany': blindly } },
    scenario: scenarios.pipelines,
    caughtBy: 'pipelinesEndOnce',
  },
  {
    fault: 'a failure does not stop what has not started',
    distortion: {
      calls: {
        'task.findMany': (args, proceed) => {
          const { where } = args as { where?: { pipelineId?: string; state?: unknown } }
          return where?.pipelineId && where.state ? Promise.resolve([]) : proceed(args)
        },
      },
    },
    scenario: scenarios.pipelines,
    caughtBy: 'parentsWait',
  },
  {
    fault: 'a call that is repeated starts its sub-agents again',
    distortion: {
      calls: {
        'pipeline.findUnique': nothing,
        'pipeline.create': (args, proceed) => {
          const { data } = args as { data: { callIndex: number; id: string } }
          return proceed({ data: { ...data, callIndex: Number.parseInt(data.id.slice(-6), 16) } })
        },
      },
    },
    scenario: scenarios.repeatedCall,
    caughtBy: 'subAgentsStartOnce',
  },
]
