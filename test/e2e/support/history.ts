import { io } from 'socket.io-client'
import type { Stage } from '../../support/servers.ts'

/** An event as the API tells it. */
export interface Told {
  seq: number
  type: string
  taskId?: string
  payload: Record<string, unknown>
}

/** Follows a project over socket.io from its first event on; gives the list that grows while events come. */
export async function follow(
  { url, token }: { url: string; token: string },
  projectId: string,
  onEnd: Stage['onEnd'],
): Promise<Told[]> {
  const socket = io(url, { auth: { token }, transports: ['websocket'] })
  onEnd(() => socket.disconnect())
  const told: Told[] = []
  socket.on('event', (event: Told) => told.push(event))
  const answer: { seq?: number } = await socket.timeout(30_000).emitWithAck('subscribe', { projectId, after: 0 })
  if (answer.seq === undefined) throw new Error(`not subscribed: ${JSON.stringify(answer)}`)
  return told
}

/** All events of a project, page by page. */
export async function readHistory(
  http: { get<T>(path: string): Promise<T> },
  projectId: string,
  limit = 100,
): Promise<Told[]> {
  const all: Told[] = []
  for (;;) {
    const after = all.at(-1)?.seq ?? 0
    const { items } = await http.get<{ items: Told[] }>(`/projects/${projectId}/events?after=${after}&limit=${limit}`)
    all.push(...items)
    if (items.length < limit) return all
  }
}

/** Number of the first event of this type about the task. */
export function seqOf(history: readonly Told[], taskId: string, type: string): number {
  const found = history.find(event => event.taskId === taskId && event.type === type)
  if (!found) throw new Error(`no ${type} of ${taskId}`)
  return found.seq
}

/** How many tasks were active after each event; gives the most at once. */
export function mostActive(history: readonly Told[]): number {
  const active = new Set<string>()
  let most = 0
  for (const { type, taskId } of history) {
    if (!taskId || !/^task\.(queued|active|waiting|ready|failed|cancelled)$/.test(type)) continue
    if (type === 'task.active') active.add(taskId)
    else active.delete(taskId)
    most = Math.max(most, active.size)
  }
  return most
}
