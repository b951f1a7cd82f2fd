import type { Handlers } from './answer.ts'
import type { ResourceDeps } from './resource-deps.ts'
import { authHandlers } from './resources/auth.ts'
import { eventHandlers } from './resources/events.ts'
import { opsHandlers } from './resources/ops.ts'
import { pipelineHandlers } from './resources/pipelines.ts'
import { priceHandlers } from './resources/prices.ts'
import { projectHandlers } from './resources/projects.ts'
import { taskRecordHandlers } from './resources/task-records.ts'
import { taskHandlers } from './resources/tasks.ts'
import { threadHandlers } from './resources/threads.ts'
import { usageHandlers } from './resources/usage.ts'

/** What answers each route of the table. */
export const createHandlers = (deps: ResourceDeps): Handlers => ({
  ...authHandlers(deps),
  ...projectHandlers(deps),
  ...threadHandlers(deps),
  ...taskHandlers(deps),
  ...taskRecordHandlers(deps),
  ...pipelineHandlers(deps),
  ...usageHandlers(deps),
  ...priceHandlers(deps),
  ...eventHandlers(deps),
  ...opsHandlers(deps),
})
