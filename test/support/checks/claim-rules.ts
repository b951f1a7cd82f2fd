import { byTask, type Rule } from './rule.ts'

/** Claims of a task, as its events tell them: by a start from the queue, or taken over from a lost worker. */
const claimsOf = (history: Parameters<Rule>[0]) =>
  history.events.flatMap(({ taskId, type, at, seq, payload }) =>
    taskId !== null && (type === 'task.active' || type === 'task.claimed')
      ? [
          {
            taskId,
            seq,
            at,
            epoch: Number(payload.epoch),
            previousWorker: payload.previousWorker as string | undefined,
          },
        ]
      : [],
  )

/** Every claim has a higher epoch than all before it, one run, and the row stands at the last. */
export const epochsRise: Rule = history => {
  const claims = byTask(claimsOf(history))
  const runs = byTask(history.runs)
  return history.tasks.flatMap(({ id, title, epoch }) => {
    const epochs = (claims.get(id) ?? []).map(claim => claim.epoch)
    const broken = epochs.flatMap((own, index) =>
      own <= (epochs[index - 1] ?? 0) ? [`${title}: claimed with epoch ${own} after ${epochs[index - 1] ?? 0}`] : [],
    )
    if (epoch !== (epochs.at(-1) ?? 0))
      broken.push(`${title}: its row has epoch ${epoch}, its last claim ${epochs.at(-1)}`)
    const inRuns = (runs.get(id) ?? []).map(run => run.epoch).sort((a, b) => a - b)
    if (inRuns.join() !== epochs.join()) broken.push(`${title}: epochs ${epochs.join()}, but runs ${inRuns.join()}`)
    return broken
  })
}

/** Nobody takes a task from a worker that lives: only from those that a fault befell. */
export const claimsAreExclusive: Rule = ({ runs, faulted, tasks }) => {
  const titles = new Map(tasks.map(({ id, title }) => [id, title]))
  return runs
    .filter(run => run.outcome === 'lost' && !faulted.has(run.worker))
    .map(run => `${titles.get(run.taskId)}: taken from ${run.worker} (epoch ${run.epoch}), which was well`)
}

/** What a run was told is written bears its own epoch in the history, and came before the next claim. */
export const lateWritesAreRefused: Rule = history => {
  const claims = byTask(claimsOf(history))
  const ends: Record<string, string> = {
    ready: 'task.ready',
    fail: 'task.failed',
    park: 'task.waiting',
    startPipeline: 'task.waiting',
    childDone: 'task.done',
  }
  const eventEpochs = new Set(
    history.events.map(({ type, taskId, payload }) => `${type} ${taskId} ${Number(payload.epoch)}`),
  )
  const checkpoints = new Map(history.checkpoints.map(row => [`${row.taskId} ${row.attempt} ${row.sha}`, row.epoch]))
  return history.writes.flatMap(({ name, taskId, epoch, worker, startedAt, outcome, checkpoint, attempt }) => {
    if (outcome !== 'ok') return []
    const what = `${name} of ${worker} on task ${taskId} with epoch ${epoch}`
    const later = (claims.get(taskId) ?? []).find(claim => claim.epoch > epoch && claim.at < startedAt)
    if (later) return [`${what} was accepted after a claim with epoch ${later.epoch}`]
    const event = ends[name]
    if (event && !eventEpochs.has(`${event} ${taskId} ${epoch}`)) return [`${what} was accepted as another epoch's`]
    const stored = checkpoint && checkpoints.get(`${taskId} ${attempt} ${checkpoint}`)
    return stored !== undefined && stored !== '' && stored !== epoch
      ? [`${what} was stored as a checkpoint of epoch ${stored}`]
      : []
  })
}

/** Every write that came too late was counted. */
export const lateWritesAreCounted: Rule = ({ writes, fencedWrites }) => {
  const refused = writes.filter(({ outcome }) => outcome === 'fenced').length
  return fencedWrites >= refused ? [] : [`${refused} writes came too late, ${fencedWrites} were counted`]
}
