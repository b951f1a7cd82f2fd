import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'

const GIT_DEADLINE_MS = 120_000
const STDERR_CHARS = 4_000

/** git said no. `stderr` is what it said, shortened. */
export class GitFailed extends Error {
  override name = 'GitFailed'
  readonly code: number
  readonly stderr: string
  constructor(args: readonly string[], code: number, stderr: string) {
    super(`git ${args[0]} failed (${code}): ${stderr.trim() || 'no message'}`)
    this.code = code
    this.stderr = stderr
  }
}

export type GitOptions = {
  /** What git reads on standard input. */
  input?: string | Readable | AsyncIterable<Uint8Array>
  deadlineMs?: number
  /** Exit codes that are an answer, not a failure; 0 always is. */
  accept?: readonly number[]
  /** Hears standard output piece by piece instead of collecting it; `false` means enough, and git is ended. */
  onText?: (text: string) => boolean
}

/** What git answered. `stopped`: `onText` had enough. */
export type GitAnswer = { code: number; text: string; stderr: string; stopped: boolean }
export type Git = (args: readonly string[], options?: GitOptions) => Promise<GitAnswer>

/** No configuration but the repository's own and this one, no hooks, no helpers, no prompt. */
export const GIT_SAFE_ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ATTR_NOSYSTEM: '1',
  LANG: 'C.UTF-8',
}
const SAFE_CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'gc.auto=0',
  'core.autocrlf=false',
  'core.quotePath=false',
  // What is written here lives as long as its container: quickly is better than small.
  'core.looseCompression=1',
]

/**
 * Makes a git bound to directory and environment. It never hangs beyond its deadline.
 * @throws GitFailed for an exit code that is not accepted, and when the deadline passes
 */
export function createGit(deps: { cwd: string; env: Record<string, string> }): Git {
  const config = SAFE_CONFIG.flatMap(setting => ['-c', setting])

  return async (args, options = {}) => {
    const { input, deadlineMs = GIT_DEADLINE_MS, accept = [], onText } = options
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', ...GIT_SAFE_ENV, ...deps.env }
    const child = spawn('git', [...config, ...args], { cwd: deps.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    const decoder = new StringDecoder('utf8')
    let text = ''
    let stderr = ''
    let stopped = false
    let late = false
    const deadline = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, deadlineMs)
    child.stdout.on('data', (chunk: Buffer) => {
      if (stopped) return
      const piece = decoder.write(chunk)
      if (!onText) text += piece
      else if (!onText(piece)) {
        stopped = true
        child.kill('SIGKILL')
      }
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_CHARS) stderr += chunk.toString('utf8').slice(0, STDERR_CHARS)
    })
    const closed = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve(code ?? 137))
    })
    // git may end before it has read everything; its exit code tells more than the broken pipe.
    let inputError: unknown
    const fed = feed(child.stdin, input).catch(error => {
      inputError = error
    })
    try {
      const [code] = await Promise.all([closed, fed])
      if (late) throw new GitFailed(args, code, `it took longer than ${deadlineMs / 1_000} s`)
      if (inputError && !isBrokenPipe(inputError)) throw inputError
      if (!stopped && code !== 0 && !accept.includes(code)) throw new GitFailed(args, code, stderr)
      return { code, text, stderr, stopped }
    } finally {
      clearTimeout(deadline)
    }
  }
}

async function feed(stdin: NodeJS.WritableStream, input: GitOptions['input']): Promise<void> {
  if (input === undefined || typeof input === 'string') {
    stdin.on('error', () => {})
    stdin.end(input ?? '')
    return
  }
  await pipeline(input, stdin)
}

const isBrokenPipe = (error: unknown): boolean =>
  ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException)?.code ?? '')
