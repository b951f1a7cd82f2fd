/** The names of everything that is cached, in one place. */
export const keys = {
  me: ['me'] as const,
  projects: ['projects'] as const,
  project: (id: string) => ['project', id] as const,
  tasks: (projectId: string) => ['tasks', projectId] as const,
  task: (id: string) => ['task', id] as const,
  threads: (projectId: string) => ['threads', projectId] as const,
  thread: (id: string) => ['thread', id] as const,
  messages: (threadId: string) => ['messages', threadId] as const,
  diff: (taskId: string) => ['diff', taskId] as const,
  checks: (taskId: string) => ['checks', taskId] as const,
  log: (taskId: string) => ['log', taskId] as const,
  checkpoints: (taskId: string) => ['checkpoints', taskId] as const,
  /** All below have this in front: what moves a pipeline's task says nothing of its pipeline. */
  anyPipeline: ['pipelines'] as const,
  pipelines: (threadId: string) => ['pipelines', 'thread', threadId] as const,
  pipeline: (id: string) => ['pipelines', 'one', id] as const,
  plans: (taskId: string) => ['plans', taskId] as const,
  usage: (projectId: string) => ['usage', projectId] as const,
  lastStep: (taskId: string) => ['last-step', taskId] as const,
  ops: (what: 'overview' | 'containers') => ['ops', what] as const,
}

export type QueryKey = readonly string[]
