import { canMove, satisfies, type TaskState } from '../../../shared/domain/task-state.ts'
import { movesOf } from '../history.ts'
import { byTask, type Rule } from './rule.ts'

/** Each project's events are numbered from 1 without gaps, and its counter stands at the last. */
export const eventsAreGapless: Rule = ({ events, projects }) => {
  const seqs = Map.groupBy(events, event => event.projectId)
  return projects.flatMap(({ id, lastSeq }) => {
    const own = (seqs.get(id) ?? []).map(({ seq }) => seq)
    const wrong = own.findIndex((seq, index) => seq !== index + 1)
    if (wrong >= 0) return [`project ${id}: event ${wrong + 1} has the number ${own[wrong]}`]
    return own.length === lastSeq ? [] : [`project ${id}: ${own.length} events, counted ${lastSeq}`]
  })
}

/** Every move starts where the one before ended, is in the table of states, and the last leads to the row's state. */
export const movesFormAChain: Rule = history => {
  const moves = byTask(movesOf(history))
  return history.tasks.flatMap(({ id, title, state }) => {
    let at: TaskState | null = null
    const broken: string[] = []
    for (const { from, to, seq } of moves.get(id) ?? []) {
      if (from !== at) broken.push(`${title}: event ${seq} moves it from ${from} to ${to}, but it was ${at}`)
      else if (from !== null && !canMove(from, to)) broken.push(`${title}: event ${seq} moves it from ${from} to ${to}`)
      at = to
    }
    if (at !== state) broken.push(`${title}: its last event says ${at}, its row ${state}`)
    return broken
  })
}

/** A task becomes active only while all of its prerequisites are satisfied, in the order of the project's events. */
export const startsObeyEdges: Rule = history => {
  const prerequisites = new Map(history.tasks.map(task => [task.id, task.prerequisites]))
  const titles = new Map(history.tasks.map(task => [task.id, task.title]))
  const edgesSince = new Map(
    history.events
      .filter(({ type, payload }) => type === 'task.updated' && [payload.fields].flat().includes('dependsOn'))
      .map(({ taskId, seq }) => [taskId, seq]),
  )
  const state = new Map<string, TaskState>()
  return movesOf(history).flatMap(({ taskId, to, seq }) => {
    state.set(taskId, to)
    // One that is done anew may get other edges; what it waited for the time before, nobody has kept.
    if (to !== 'active' || seq < (edgesSince.get(taskId) ?? 0)) return []
    return (prerequisites.get(taskId) ?? [])
      .filter(id => !satisfies(state.get(id) ?? 'draft'))
      .map(id => `${titles.get(taskId)}: started (event ${seq}) while ${titles.get(id)} was ${state.get(id)}`)
  })
}

/** A task gets a new attempt when somebody starts it again after its end, and never otherwise. */
export const attemptsAreAskedFor: Rule = history => {
  const moves = byTask(movesOf(history))
  return history.tasks.flatMap(({ id, title, attempt }) => {
    const own = moves.get(id) ?? []
    const asked = own.filter(({ from, to }) => to === 'queued' && from !== 'active' && from !== 'waiting').length
    return attempt === asked ? [] : [`${title}: attempt ${attempt}, asked for ${asked} times`]
  })
}
