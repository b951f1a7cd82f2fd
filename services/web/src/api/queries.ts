import { queryOptions } from '@tanstack/react-query'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { allPages, type WebClient } from './client.ts'
import { keys } from './keys.ts'

const limit = LIMITS.http.listMax

/** Everything the pages read, as options for `useQuery`. */
export function createQueries(client: WebClient) {
  return {
    me: () => queryOptions({ queryKey: keys.me, queryFn: ({ signal }) => client.me({ signal }), staleTime: 300_000 }),
    projects: () =>
      queryOptions({
        queryKey: keys.projects,
        queryFn: ({ signal }) => allPages(cursor => client.listProjects({ query: { limit, cursor }, signal })),
      }),
    project: (id: string) =>
      queryOptions({
        queryKey: keys.project(id),
        queryFn: ({ signal }) => client.getProject({ params: { id }, signal }),
      }),
    tasks: (projectId: string) =>
      queryOptions({
        queryKey: keys.tasks(projectId),
        queryFn: ({ signal }) =>
          allPages(cursor => client.listTasks({ params: { id: projectId }, query: { limit, cursor }, signal })),
      }),
    task: (id: string) =>
      queryOptions({ queryKey: keys.task(id), queryFn: ({ signal }) => client.getTask({ params: { id }, signal }) }),
    threads: (projectId: string) =>
      queryOptions({
        queryKey: keys.threads(projectId),
        queryFn: ({ signal }) =>
          allPages(cursor => client.listThreads({ params: { id: projectId }, query: { limit, cursor }, signal })),
      }),
    thread: (id: string) =>
      queryOptions({
        queryKey: keys.thread(id),
        queryFn: ({ signal }) => client.getThread({ params: { id }, signal }),
      }),
    plans: (taskId: string) =>
      queryOptions({
        queryKey: keys.plans(taskId),
        queryFn: async ({ signal }) => (await client.getPlans({ params: { id: taskId }, signal })).items,
      }),
    pipelines: (threadId: string) =>
      queryOptions({
        queryKey: keys.pipelines(threadId),
        queryFn: ({ signal }) =>
          allPages(cursor =>
            client.listThreadPipelines({ params: { id: threadId }, query: { limit, cursor }, signal }),
          ),
      }),
    pipeline: (id: string) =>
      queryOptions({
        queryKey: keys.pipeline(id),
        queryFn: ({ signal }) => client.getPipeline({ params: { id }, signal }),
      }),
    diff: (id: string) =>
      queryOptions({ queryKey: keys.diff(id), queryFn: ({ signal }) => client.getDiff({ params: { id }, signal }) }),
    checks: (id: string) =>
      queryOptions({
        queryKey: keys.checks(id),
        queryFn: async ({ signal }) => (await client.getChecks({ params: { id }, query: { limit: 20 }, signal })).items,
      }),
    log: (id: string) =>
      queryOptions({
        queryKey: keys.log(id),
        queryFn: ({ signal }) =>
          allPages(cursor => client.getLog({ params: { id }, query: { limit, cursor }, signal })),
      }),
    checkpoints: (id: string) =>
      queryOptions({
        queryKey: keys.checkpoints(id),
        queryFn: ({ signal }) =>
          allPages(cursor => client.getCheckpoints({ params: { id }, query: { limit, cursor }, signal })),
      }),
    /** What the project has cost in all, model by model. */
    usage: (projectId: string) =>
      queryOptions({
        queryKey: keys.usage(projectId),
        queryFn: ({ signal }) => client.projectUsage({ params: { id: projectId }, query: { by: 'model' }, signal }),
      }),
    opsOverview: () =>
      queryOptions({
        queryKey: keys.ops('overview'),
        queryFn: ({ signal }) => client.opsOverview({ signal }),
        refetchInterval: 3_000,
      }),
    opsContainers: () =>
      queryOptions({
        queryKey: keys.ops('containers'),
        queryFn: async ({ signal }) => (await client.opsContainers({ signal })).items,
        refetchInterval: 3_000,
      }),
  }
}

export type Queries = ReturnType<typeof createQueries>
