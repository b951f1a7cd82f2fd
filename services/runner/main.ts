import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { createChannel, WorkerGone } from './channel.ts'
import { createCommands } from './command.ts'
import { readOomKills } from './oom.ts'
import { runSession } from './session.ts'
import { createContainerStrays } from './strays.ts'
import { clip, storable } from './text.ts'
import { createTools } from './tools/index.ts'
import { createWorkspace } from './workspace.ts'

/*
 * The main process of a task's container. Standard input and output are the stream to the worker; standard error is for
 * diagnosis. The container ends when this process does.
 */

const ROOT = '/workspace'
const STATE = '/run/slipway'
const HOME = '/tmp/home'

// It kills every other process that it may: only where it is alone.
const init = readFileSync('/proc/1/comm', 'utf8').trim()
if (!['docker-init', 'tini', 'init', 'catatonit'].includes(init) || process.pid > 100 || process.getuid?.() === 0) {
  console.error('the runner is started by a worker, in a container of its own, not as root')
  process.exit(1)
}

await mkdir(HOME, { recursive: true })
const env: Record<string, string> = {
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  HOME,
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  USER: 'agent',
  SHELL: '/bin/bash',
  PWD: ROOT,
  CI: 'true',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
}
if (process.env.NODE_EXTRA_CA_CERTS) env.NODE_EXTRA_CA_CERTS = process.env.NODE_EXTRA_CA_CERTS

// Not process.stdout: on a pipe it writes synchronously, and a slow worker would hold up every deadline here.
// Nor a file stream: the pipe may be non-blocking, and a full one is an error to that.
const output = new Socket({ fd: 1, readable: false, writable: true })
// Through a buffer, so that standard input is read, and its end heard, also while a command runs.
const input = process.stdin.pipe(new PassThrough())
process.stdin.once('end', () => process.exit(0))
const channel = createChannel(input, output)
const workspace = createWorkspace({ root: ROOT, state: STATE })
const runCommand = createCommands({ cwd: ROOT, env, strays: createContainerStrays(), readOomKills })
const runTool = createTools({ root: ROOT, git: workspace.git, runCommand })

try {
  await runSession({ channel, workspace, runTool, runCommand })
  process.exit(0)
} catch (error) {
  if (error instanceof WorkerGone) process.exit(0)
  const message = clip(storable(error instanceof Error ? error.message : String(error)), 8_000)
  console.error(error)
  await channel.send({ type: 'failed', message }).catch(() => {})
  process.exit(1)
}
