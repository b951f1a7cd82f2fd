import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { finished, PassThrough, Readable } from 'node:stream'
import { GitError } from './errors.ts'

/** How a git command is called. Nothing of the caller's environment reaches it but what is named here. */
export type GitCall = {
  /** The repository; without one git looks for none. */
  gitDir?: string
  /** More configuration, `name=value`; it wins over the hardening. */
  config?: readonly string[]
  env?: Readonly<Record<string, string>>
  input?: string | Uint8Array | Readable
  signal?: AbortSignal
  /** Default two minutes. */
  deadlineMs?: number
  /** Output beyond it kills git and throws; default 16 MiB. Not for `stream` and `start`. */
  maxOutputBytes?: number
  /** Exit codes that are answers, not errors; default 0 only. */
  accept?: readonly number[]
}

export type GitResult = { code: number; stdout: Buffer; stderr: string }

/** A started git: `ended` settles with the exit code, or throws when it was killed by signal, deadline or `kill`. */
export type GitProcess = {
  child: ChildProcess
  ended: Promise<{ code: number; stderr: string }>
  kill(reason?: Error): void
}

export type Git = {
  /** Runs a command to its end. Throws `GitError`, or the signal's reason. */
  run(args: readonly string[], call?: GitCall): Promise<GitResult>
  /** Runs a command and gives its output as text without the last line break. */
  text(args: readonly string[], call?: GitCall): Promise<string>
  /** The output while it comes; an error of git is the stream's error, closing the stream stops git. */
  stream(args: readonly string[], call?: GitCall): Readable
  /** Starts a command with `extraPipes` more pipes from descriptor 3 on. */
  start(args: readonly string[], call?: GitCall, extraPipes?: number): GitProcess
}

/** What every call says, so that no repository, user or host configuration can make git run something. */
const HARDENING = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'core.fsync=committed',
  'core.filesRefLockTimeout=5000',
  'core.packedRefsTimeout=5000',
  'submodule.recurse=false',
  'safe.bareRepository=explicit',
  'protocol.allow=never',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
]

const DEADLINE_MS = 120_000
const OUTPUT_BYTES = 16 * 1024 * 1024
const STDERR_CHARS = 16 * 1024
const KILL_GRACE_MS = 5_000

/**
 * The one place that starts git. Every call runs with a fixed environment and hardened configuration, in its own
 * process group, under a deadline.
 * @param deps.path the search path that finds git
 * @param deps.cwd a directory outside of every work tree
 */
export function createGit(deps: { path: string; cwd: string }): Git {
  const environment = {
    PATH: deps.path,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_OPTIONAL_LOCKS: '0',
    // A delta of a few bytes can claim a result of terabytes: no single allocation beyond this.
    GIT_ALLOC_LIMIT: '1g',
  }

  function start(args: readonly string[], call: GitCall = {}, extraPipes = 0): GitProcess {
    call.signal?.throwIfAborted()
    const config = [...HARDENING, ...(call.config ?? [])].flatMap(setting => ['-c', setting])
    const directory = call.gitDir === undefined ? [] : [`--git-dir=${call.gitDir}`]
    const child = spawn('git', [...config, ...directory, ...args], {
      cwd: deps.cwd,
      env: { ...environment, ...call.env },
      // An own group, so that killing it also ends index-pack, pack-objects and the hook below it.
      detached: true,
      stdio: Array.from({ length: 3 + extraPipes }, () => 'pipe' as const),
    })
    return supervise(child, args, call)
  }

  async function run(args: readonly string[], call: GitCall = {}): Promise<GitResult> {
    const limit = call.maxOutputBytes ?? OUTPUT_BYTES
    const running = start(args, call)
    const chunks: Buffer[] = []
    let size = 0
    running.child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else running.kill(new GitError(args, null, '', `more than ${limit} bytes of output`))
    })
    const { code, stderr } = await running.ended
    if (!(call.accept ?? [0]).includes(code)) throw new GitError(args, code, stderr)
    return { code, stdout: Buffer.concat(chunks), stderr }
  }

  async function text(args: readonly string[], call?: GitCall): Promise<string> {
    return (await run(args, call)).stdout.toString('utf8').replace(/\n$/, '')
  }

  function stream(args: readonly string[], call: GitCall = {}): Readable {
    const running = start(args, call)
    const out = new PassThrough()
    running.child.stdout?.pipe(out, { end: false })
    out.once('close', () => {
      running.kill()
      // What nobody reads any more still has to flow off, or the process never counts as closed.
      running.child.stdout?.resume()
    })
    running.ended.then(
      ({ code, stderr }) => (code === 0 ? out.end() : out.destroy(new GitError(args, code, stderr))),
      (error: Error) => out.destroy(error),
    )
    return out
  }

  return { run, text, stream, start }
}

/** Feeds the input, collects the diagnostics, and ends the whole process group on abort, deadline or `kill`. */
function supervise(child: ChildProcess, args: readonly string[], call: GitCall): GitProcess {
  const deadline = AbortSignal.timeout(call.deadlineMs ?? DEADLINE_MS)
  let stderr = ''
  let killedFor: Error | undefined
  let gone = false
  let graceTimer: NodeJS.Timeout | undefined

  const signalGroup = (name: NodeJS.Signals) => {
    if (gone || child.pid === undefined) return
    try {
      process.kill(-child.pid, name)
    } catch {
      // The group has ended in the meantime.
    }
  }
  const kill = (reason: Error = new GitError(args, null, stderr, 'stopped')) => {
    if (gone || killedFor) return
    killedFor = reason
    // SIGTERM first: git then removes its lock files and temporary packs.
    signalGroup('SIGTERM')
    graceTimer = setTimeout(() => signalGroup('SIGKILL'), KILL_GRACE_MS)
  }
  const onAbort = () => kill(call.signal?.reason)
  const onDeadline = () => kill(new GitError(args, null, stderr, 'took too long'))
  call.signal?.addEventListener('abort', onAbort, { once: true })
  deadline.addEventListener('abort', onDeadline, { once: true })

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < STDERR_CHARS) stderr = (stderr + text).slice(0, STDERR_CHARS)
  })
  feed(child, call.input, kill)

  const ended = (async () => {
    try {
      const [code] = (await once(child, 'close')) as [number | null]
      if (killedFor) throw killedFor
      if (code === null) throw new GitError(args, null, stderr)
      return { code, stderr }
    } finally {
      gone = true
      clearTimeout(graceTimer)
      call.signal?.removeEventListener('abort', onAbort)
      deadline.removeEventListener('abort', onDeadline)
    }
  })()
  // Whoever streams may look at `ended` later or never; an unobserved failure must not end the process.
  ended.catch(() => undefined)
  return { child, ended, kill }
}

/**
 * Writes the input. Git may end before it has read it all (EPIPE): then its exit code tells what happened, and the rest
 * stays with whoever owns the stream.
 */
function feed(child: ChildProcess, input: GitCall['input'], kill: (reason: Error) => void): void {
  const stdin = child.stdin
  if (!stdin) return
  stdin.on('error', () => undefined)
  if (!(input instanceof Readable)) {
    stdin.end(input)
    return
  }
  // Also where the stream is over before anybody listens, as a request is whose client has gone meanwhile.
  finished(input, { writable: false }, error => {
    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') kill(error)
    else stdin.end()
  })
  stdin.once('close', () => input.unpipe(stdin))
  input.pipe(stdin)
}
