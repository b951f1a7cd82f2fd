import type { Readable, Writable } from 'node:stream'

/** Whose container it is: one run (epoch) of a task on a worker. */
export type SandboxIdentity = {
  taskId: string
  epoch: number
  worker: string
  /** It checks the task's apply: the epoch is that of the project's line, which says nothing about the task's runs. */
  line?: true
}

/** What a container may use. Everything that it writes counts as its memory. */
export type SandboxLimits = {
  memoryBytes: number
  /** Processors, fractions allowed. */
  cpus: number
  pids: number
  /** Largest work tree. */
  workspaceBytes: number
  workspaceInodes: number
  /** Room for the runner's git objects and bundles. */
  stateBytes: number
  tmpBytes: number
  openFiles: number
}

export type SandboxSpec = SandboxIdentity & {
  limits: SandboxLimits
  /** An internal network to join instead of none. */
  network?: string
}

/** How a container's main process ended; `code` is null when the engine could not tell. */
export type ContainerExit = { code: number | null; oomKilled: boolean }

/** A started container and the streams of its main process. */
export type Container = {
  id: string
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Resolves when the main process has ended, or the container was removed. Never rejects. */
  exited: Promise<ContainerExit>
  /** Starts a process beside the main one. */
  startProcess: StartProcess
  /** Kills and removes it with its volumes; done when it is gone. Once more does nothing. */
  remove(): Promise<void>
}

/** A process to be started in a container, in its work tree and as the agent's user. */
export type ProcessRequest = { command: string; args: readonly string[]; env: Readonly<Record<string, string>> }

/** A process in a container with its own streams, all of which must be read. It ends with the container. */
export type SandboxProcess = {
  stdin: Writable
  /** Ends when the process does, or the connection to the engine. */
  stdout: Readable
  stderr: Readable
  /** Kills it and lets its streams go. Never rejects; once more does nothing. */
  stop(): Promise<void>
}

export type StartProcess = (request: ProcessRequest, signal: AbortSignal) => Promise<SandboxProcess>

export type SandboxInfo = SandboxIdentity & { id: string; startedAt: Date; running: boolean }
