import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Readable } from 'node:stream'

/** Takes one line of what a long step is doing at the moment. */
export type OnProgress = (line: string) => void

export type RunOptions = {
  cwd?: string
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal
  uid?: number
  gid?: number
  /** Called with every line of stdout and stderr as it comes. */
  onLine?: OnProgress
}

export type RunResult = { code: number; stdout: string; stderr: string }

/** Runs a program to its end and gives what it wrote. A non-zero exit code is a result; a program that cannot be started throws. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const { onLine, ...spawnOptions } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout = collect(child.stdout, onLine)
    const stderr = collect(child.stderr, onLine)
    child.on('error', reject)
    child.on('close', code => resolve({ code: code ?? 1, stdout: stdout(), stderr: stderr() }))
  })
}

/** Like `run`, but a non-zero exit throws with the command and the end of its output. */
export async function must(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code === 0) return stdout
  const tail = (stderr.trim() || stdout.trim()).split('\n').slice(-15).join('\n')
  throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed (exit ${code})\n${tail}`)
}

function collect(stream: Readable, onLine?: OnProgress): () => string {
  let text = ''
  let partial = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
    if (!onLine) return
    const lines = (partial + chunk).split(/[\r\n]+/)
    partial = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) onLine(line.trim())
  })
  return () => text
}

/** The absolute path of a program on PATH (the sbin folders included, where Debian puts daemons), or null. */
export function which(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  const candidates = isAbsolute(program) ? [program] : folders.map(folder => join(folder, program))
  return candidates.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** True where this process may install system packages and start daemons: root on Debian or a system derived from it. */
export function isDebianRoot(): boolean {
  return isRoot() && isDebian()
}

/** True when the process runs as root. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
