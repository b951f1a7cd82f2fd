import type { SandboxIdentity } from './types.ts'

/** The labels of a task's container; a container is ours when it carries our installation's. */
export const LABELS = {
  installation: 'slipway.installation',
  task: 'slipway.task',
  epoch: 'slipway.epoch',
  worker: 'slipway.worker',
  line: 'slipway.line',
} as const

export function toLabels(
  installation: string,
  { taskId, epoch, worker, line }: SandboxIdentity,
): Record<string, string> {
  return {
    [LABELS.installation]: installation,
    [LABELS.task]: taskId,
    [LABELS.epoch]: String(epoch),
    [LABELS.worker]: worker,
    ...(line && { [LABELS.line]: 'true' }),
  }
}

/** @returns null for labels that no Slipway wrote */
export function fromLabels(labels: Record<string, string>): SandboxIdentity | null {
  const taskId = labels[LABELS.task]
  const epoch = Number(labels[LABELS.epoch])
  const worker = labels[LABELS.worker]
  if (taskId === undefined || worker === undefined || !Number.isSafeInteger(epoch)) return null
  return { taskId, epoch, worker, ...(labels[LABELS.line] === 'true' && { line: true }) }
}
