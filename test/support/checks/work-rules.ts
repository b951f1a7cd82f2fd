import { movesOf } from '../history.ts'
import { byTask, type Rule } from './rule.ts'

/** Within an attempt the stored iterations count 1, 2, 3 …: none is lost, none done twice, and a run goes on after the last. */
export const iterationsAreKept: Rule = history => {
  const { events, tasks, writes, checkpoints } = history
  const broken: string[] = []
  const own = Map.groupBy(
    events.filter(event => event.type === 'task.iteration' || (event.type === 'task.queued' && event.taskId)),
    event => event.taskId,
  )
  for (const { id, title, iterations } of tasks) {
    let last = 0
    for (const { type, payload, seq } of own.get(id) ?? []) {
      if (type === 'task.queued') {
        if (payload.from !== 'active' && payload.from !== 'waiting') last = 0
        continue
      }
      const iteration = Number(payload.iteration)
      if (iteration !== last + 1) broken.push(`${title}: iteration ${iteration} (event ${seq}) follows ${last}`)
      last = iteration
    }
    if (iterations !== last) broken.push(`${title}: its row counts ${iterations} iterations, its events ${last}`)
  }
  const stored = new Set(checkpoints.map(row => `${row.taskId} ${row.attempt} ${row.iteration} ${row.sha}`))
  const reached = new Map<string, number>()
  for (const write of [...writes].sort((a, b) => a.endedAt - b.endedAt)) {
    if (write.outcome !== 'ok') continue
    const key = `${write.taskId} ${write.attempt}`
    const { name, iteration = 0, checkpoint } = write
    if (name === 'storeReply') reached.set(key, Math.max(iteration, reached.get(key) ?? 0))
    if (name === 'load' && iteration < (reached.get(key) ?? 0) && !laterThan(write, writes, key, iteration)) {
      broken.push(`task ${write.taskId}: a run resumed at iteration ${iteration} of ${reached.get(key)} stored`)
    }
    if (name === 'endIteration' && checkpoint && !stored.has(`${key} ${iteration} ${checkpoint}`)) {
      broken.push(`task ${write.taskId}: the checkpoint of iteration ${iteration} is gone`)
    }
  }
  return broken
}

/** Whether a load may have read before the reply was stored, although it answered after it. */
const laterThan = (
  load: { startedAt: number },
  writes: Parameters<Rule>[0]['writes'],
  key: string,
  iteration: number,
): boolean =>
  !writes.some(
    write =>
      write.name === 'storeReply' &&
      write.outcome === 'ok' &&
      `${write.taskId} ${write.attempt}` === key &&
      (write.iteration ?? 0) > iteration &&
      write.endedAt < load.startedAt,
  )

/** A message gets one place in the history and is read once. */
export const messagesAreReadOnce: Rule = ({ events, messages, writes }) => {
  const reads = Map.groupBy(
    events.filter(({ type }) => type === 'message.read'),
    ({ payload }) => payload.messageId,
  )
  const twice = [...reads].filter(([, own]) => own.length > 1).map(([id]) => `message ${id} was read twice`)
  const places = Map.groupBy(
    messages.filter(({ position }) => position !== null),
    ({ threadId, position }) => `${threadId} ${position}`,
  )
  const shared = [...places].filter(([, own]) => own.length > 1).map(([place]) => `two messages stand at ${place}`)
  const given = writes
    .filter(({ outcome }) => outcome === 'ok')
    .flatMap(({ taskId, texts = [] }) => texts.map(text => `${taskId} “${text}”`))
  const again = [...Map.groupBy(given, text => text)]
    .filter(([, own]) => own.length > 1)
    .map(([text]) => `${text} was given to two reads`)
  return [...twice, ...shared, ...again]
}

/** A task does not become ready, nor a sub-agent's done, while somebody's message waits to be read. */
export const readyMeansRead: Rule = ({ events, messages }) => {
  const readAt = new Map<unknown, number>()
  for (const { type, payload, seq } of events) if (type === 'message.read') readAt.set(payload.messageId, seq)
  const unread = new Set(
    messages.filter(({ role, position }) => role === 'user' && position === null).map(({ id }) => id),
  )
  const made = byTask(
    events.flatMap(({ type, taskId, seq, payload }) => {
      const messageId = String(payload.messageId)
      const waits = unread.has(messageId) || readAt.has(messageId)
      return type === 'message.created' && taskId !== null && waits
        ? [{ taskId, messageId, from: seq, to: readAt.get(messageId) ?? Number.POSITIVE_INFINITY }]
        : []
    }),
  )
  return movesOf({ events }).flatMap(({ taskId, from, to, seq }) => {
    if (from !== 'active' || (to !== 'ready' && to !== 'done')) return []
    const waiting = (made.get(taskId) ?? []).filter(message => message.from < seq && seq < message.to)
    return waiting.map(({ messageId }) => `task ${taskId}: ${to} (event ${seq}) with message ${messageId} unread`)
  })
}

/** Each task's work enters main once, after that of its prerequisites. */
export const appliedOnceInOrder: Rule = history => {
  const done = new Set<string>()
  const prerequisites = new Map(history.tasks.map(task => [task.id, task.prerequisites]))
  const broken: string[] = []
  for (const { taskId, to, seq } of movesOf(history)) {
    if (to !== 'done') continue
    if (done.has(taskId)) broken.push(`task ${taskId} was applied twice (event ${seq})`)
    for (const id of prerequisites.get(taskId) ?? []) {
      if (!done.has(id)) broken.push(`task ${taskId} was applied before its prerequisite ${id}`)
    }
    done.add(taskId)
  }
  const rows = byTask(history.applies.filter(({ phase }) => phase === 'done'))
  for (const [taskId, own] of rows) if (own.length > 1) broken.push(`task ${taskId} has ${own.length} finished applies`)
  return broken
}
