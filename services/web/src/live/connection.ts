import { io, type Socket } from 'socket.io-client'
import type { ProblemCode } from '../../../../shared/contract/common.ts'
import type { Delta, Event } from '../../../../shared/contract/event.ts'
import type { ClientToServer, ServerToClient } from '../../../../shared/contract/socket.ts'
import { createSequence, type Sequence } from './sequence.ts'

export type LiveStatus = 'connecting' | 'live' | 'offline'

export interface LiveDeps {
  token: string
  /** Where the last number seen of each project is kept over a reload. */
  storage: Storage
  /** `replayed`: it happened before this moment, and what it tells may be out of date. */
  onEvent(event: Event, replayed: boolean): void
  onDelta(delta: Delta): void
  /** Everything known of the project may be out of date. */
  onLost(projectId: string): void
  onRefused(): void
}

export interface Live {
  status(): LiveStatus
  subscribe(listener: () => void): () => void
  /** Follows a project's events until the function that it gives is called. */
  follow(projectId: string): () => void
  start(): void
  stop(): void
}

interface Followed {
  users: number
  sequence: Sequence
  /** Newest number at the moment of subscribing: what comes up to it is replayed. */
  newest: number
  /** A subscription is under way. */
  asking: boolean
}

/** The live connection: follows projects, resumes each after the last number seen, and asks again for what is missing. */
export function createLive(deps: LiveDeps): Live {
  const followed = new Map<string, Followed>()
  const listeners = new Set<() => void>()
  let status: LiveStatus = 'connecting'
  let stopped = false
  const socket: Socket<ServerToClient, ClientToServer> = io({
    path: '/socket.io',
    auth: { token: deps.token },
    autoConnect: false,
    reconnectionDelay: 300,
    reconnectionDelayMax: 3_000,
  })

  const setStatus = (next: LiveStatus) => {
    status = next
    for (const listener of listeners) listener()
  }
  /** What the server itself ended is not tried again by the library. */
  const connectAgain = () => {
    if (!socket.active && !stopped) setTimeout(() => stopped || socket.connect(), 2_000)
  }
  const request = (projectId: string, project: Followed) => {
    if (project.asking) return
    project.asking = true
    // Of a project that was never seen only what comes from now on matters: its history would be read for nothing.
    const after = project.sequence.last() ?? Number.MAX_SAFE_INTEGER
    socket.emit('subscribe', { projectId, after }, answer => {
      project.asking = false
      if ('error' in answer) return
      project.newest = answer.seq
      const place = project.sequence.subscribed(answer.seq)
      if (place === 'resumed') return
      deps.onLost(projectId)
      request(projectId, project)
    })
  }

  socket.on('connect', () => {
    setStatus('live')
    for (const [projectId, project] of followed) {
      project.asking = false
      request(projectId, project)
    }
  })
  socket.on('disconnect', () => {
    setStatus('offline')
    connectAgain()
  })
  socket.on('connect_error', (error: Error & { data?: { code?: ProblemCode } }) => {
    setStatus('offline')
    if (error.data?.code === 'unauthorized') deps.onRefused()
    else connectAgain()
  })
  socket.on('event', event => {
    const project = followed.get(event.projectId)
    if (!project) return
    const place = project.sequence.take(event.seq)
    if (place === 'gap') request(event.projectId, project)
    else if (place === 'next') deps.onEvent(event, event.seq <= project.newest)
  })
  socket.on('delta', delta => deps.onDelta(delta))

  return {
    status: () => status,
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    follow: projectId => {
      const key = `slipway.seq.${projectId}`
      let project = followed.get(projectId)
      if (!project) {
        const sequence = createSequence(storedNumber(deps.storage, key), seq => deps.storage.setItem(key, String(seq)))
        project = { users: 0, sequence, newest: Number.POSITIVE_INFINITY, asking: false }
        followed.set(projectId, project)
        if (socket.connected) request(projectId, project)
      }
      project.users++
      return () => {
        project.users--
        // The next page often follows the same project: it takes over what this one leaves.
        setTimeout(() => {
          if (project.users > 0 || followed.get(projectId) !== project) return
          followed.delete(projectId)
          if (socket.connected) socket.emit('unsubscribe', { projectId })
        }, 1_000)
      }
    },
    start: () => {
      stopped = false
      socket.connect()
    },
    stop: () => {
      stopped = true
      socket.disconnect()
    },
  }
}

function storedNumber(storage: Storage, key: string): number | null {
  const stored = storage.getItem(key)
  return stored === null || !Number.isSafeInteger(Number(stored)) ? null : Number(stored)
}
