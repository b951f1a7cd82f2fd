/** The tabs of a task's page; `thread` is one only where the page is too narrow for both. */
export const TASK_TABS = ['thread', 'plan', 'pipelines', 'changes', 'checks', 'log', 'details'] as const
export type TaskTab = (typeof TASK_TABS)[number]

export const isTaskTab = (value: unknown): value is TaskTab => TASK_TABS.includes(value as TaskTab)
