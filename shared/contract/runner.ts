import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'
import { Id, Sha } from './common.ts'

/*
 * The messages between a worker and a runner. The worker answers the runner's `next` and `call`; the runner answers the
 * worker's `open` and `exec`. An answer carries its request's id; each side numbers its own requests and has one open at
 * a time. `exec` may also come while the runner waits for the answer to `next`.
 */

const requestId = z.int().nonnegative()
const index = z
  .int()
  .min(0)
  .max(LIMITS.tools.callsPerIteration - 1)
const milliseconds = z
  .number()
  .nonnegative()
  .max(24 * 3_600_000)

/** Largest text of one tool result, in UTF-16 code units. */
export const RESULT_CHARS = 512 * 1024
/** Largest piece of live output. */
export const OUTPUT_CHUNK_CHARS = 16 * 1024
/** Most live output that a runner passes on for one call; the rest is only in the result. */
export const OUTPUT_LIVE_CHARS = 256 * 1024
/** Most output of a worker's command that the runner returns. */
export const EXEC_OUTPUT_BYTES = 512 * 1024
/** A busy runner says `alive` this often. */
export const ALIVE_EVERY_MS = 5_000

const storable = (max: number) =>
  z
    .string()
    .max(max)
    .refine(text => !text.includes('\u0000') && text.isWellFormed(), 'must be well-formed text without NUL')

/** One tool call of a model's reply. `where` says who runs it: the runner, or the worker on the runner's asking. */
export const RunnerCall = z.strictObject({
  index,
  id: z.string().max(500),
  name: z.string().max(200),
  args: z.unknown(),
  where: z.enum(['container', 'worker']),
})
export type RunnerCall = z.infer<typeof RunnerCall>

/** What the worker answers to `next`. */
export const Turn = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('calls'),
    iteration: z.int().nonnegative(),
    calls: z.array(RunnerCall).min(1).max(LIMITS.tools.callsPerIteration),
  }),
  z.strictObject({ kind: z.literal('stop') }),
])
export type Turn = z.infer<typeof Turn>

/** What a runner is told of its task. `base` null means an empty work tree without a parent commit. */
export const OpenParams = z.strictObject({
  taskId: Id,
  epoch: z.int().nonnegative(),
  title: z.string().max(LIMITS.task.titleChars),
  /** The first iteration that the runner asks for: 0, or where a resumed run goes on. */
  iteration: z.int().nonnegative(),
  /** The run may only look: the work tree is made read-only, tools that change it are refused, and nothing is saved. */
  readOnly: z.boolean().optional(),
})
export type OpenParams = z.infer<typeof OpenParams>

export const WorkerMessage = z.discriminatedUnion('type', [
  /** With `bundle`, a transfer follows: a git bundle with `base` in it. */
  OpenParams.extend({ type: z.literal('open'), id: requestId, base: Sha.nullable(), bundle: z.boolean() }),
  z.strictObject({ type: z.literal('turn'), id: requestId, turn: Turn }),
  z.strictObject({ type: z.literal('answer'), id: requestId }),
  z.strictObject({
    type: z.literal('exec'),
    id: requestId,
    command: z.string(),
    timeoutSeconds: z.number().positive(),
    maxOutputBytes: z.int().positive().max(EXEC_OUTPUT_BYTES),
    /** Without it the work tree is put back to the last checkpoint; ignored files stay. */
    keepChanges: z.boolean(),
  }),
  z.strictObject({ type: z.literal('close') }),
])
export type WorkerMessage = z.infer<typeof WorkerMessage>

export const CheckpointRef = z.strictObject({ sha: Sha, parent: Sha.nullable() })
export type CheckpointRef = z.infer<typeof CheckpointRef>

const exitCode = z.int().min(0).max(255)

export const RunnerMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('opened'), id: requestId, files: z.int().nonnegative() }),
  /** The outcome of one container call, in the turn's order. */
  z.strictObject({
    type: z.literal('result'),
    index,
    id: z.string().max(500),
    text: storable(RESULT_CHARS),
    ms: milliseconds,
    exitCode: exitCode.optional(),
  }),
  /** Live output of the call or command under way. */
  z.strictObject({ type: z.literal('output'), text: storable(OUTPUT_CHUNK_CHARS) }),
  z.strictObject({ type: z.literal('alive') }),
  /** Asks for the next turn. With `checkpoint`, a transfer follows: a git bundle `parent..sha`. */
  z.strictObject({
    type: z.literal('next'),
    id: requestId,
    iteration: z.int().nonnegative(),
    checkpoint: CheckpointRef.optional(),
    /** What of the work tree is not in the checkpoint, for the model. */
    note: storable(8_192).optional(),
    /** Why there is no checkpoint though the work tree changed. */
    problem: storable(8_192).optional(),
  }),
  z.strictObject({ type: z.literal('call'), id: requestId, index }),
  z.strictObject({
    type: z.literal('executed'),
    id: requestId,
    exitCode,
    output: storable(2 * EXEC_OUTPUT_BYTES),
    ms: milliseconds,
    timedOut: z.boolean(),
    oom: z.boolean(),
  }),
  /** The runner cannot go on; it exits after this. */
  z.strictObject({ type: z.literal('failed'), message: storable(8_192) }),
])
export type RunnerMessage = z.infer<typeof RunnerMessage>
