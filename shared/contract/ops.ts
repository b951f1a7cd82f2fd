import { z } from 'zod'
import { TASK_STATES } from '../domain/task-state.ts'
import { Id, Time } from './common.ts'

export const OpsWorker = z
  .object({
    name: z.string(),
    concurrency: z.int(),
    running: z.int(),
    draining: z.boolean(),
    alive: z.boolean(),
    version: z.string(),
    startedAt: Time,
    seenAt: Time,
  })
  .meta({ id: 'OpsWorker' })
export type OpsWorker = z.infer<typeof OpsWorker>

export const OpsQueue = z.object({ name: z.string(), counts: z.record(z.string(), z.int()) }).meta({ id: 'OpsQueue' })
export type OpsQueue = z.infer<typeof OpsQueue>

export const OpsContainer = z
  .object({
    id: z.string(),
    /** Null where it belongs to what the agent does in a thread without a task. */
    taskId: z.string().nullable(),
    threadId: z.string(),
    epoch: z.int(),
    worker: z.string(),
    startedAt: Time,
  })
  .meta({ id: 'OpsContainer' })
export type OpsContainer = z.infer<typeof OpsContainer>

export const OpsOverview = z
  .object({
    tasks: z.record(z.enum(TASK_STATES), z.int()),
    limit: z.int(),
    active: z.int(),
    inLine: z.int(),
    outbox: z.int(),
    fencedWrites: z.int(),
    applies: z.int(),
    workers: z.array(OpsWorker),
    queues: z.array(OpsQueue),
    database: z.boolean(),
    redis: z.boolean(),
    version: z.string(),
    plan: z.string(),
  })
  .meta({ id: 'OpsOverview' })
export type OpsOverview = z.infer<typeof OpsOverview>

export const SignIn = z.strictObject({ code: z.string().min(1).max(200) }).meta({ id: 'SignIn' })
export const SignedIn = z.object({ token: z.string() }).meta({ id: 'SignedIn' })
export const Me = z
  .object({
    user: z.object({ id: Id, name: z.string(), role: z.enum(['admin', 'member']) }),
    organization: z.object({ id: Id, slug: z.string(), name: z.string(), plan: z.string(), limit: z.int() }),
    models: z.array(z.string()),
    defaultModel: z.string(),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>
