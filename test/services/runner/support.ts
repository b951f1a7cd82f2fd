import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { type CommandDeps, createCommands } from '../../../services/runner/command.ts'
import type { Strays } from '../../../services/runner/strays.ts'
import { createTools } from '../../../services/runner/tools/index.ts'
import { createWorkspace, type Workspace, type WorkspaceDeps } from '../../../services/runner/workspace.ts'

const run = promisify(execFile)
const MARK = 'SLIPWAY_TEST_FOLDER'

/** A folder that goes when the test does. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-runner-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export type Repository = {
  sha: string
  folder: string
  bundle(): Readable
  git(...args: string[]): Promise<string>
  /** Takes in a checkpoint's bundle as the branch `taken`. */
  receive(bundle: AsyncIterable<Uint8Array>): Promise<void>
}

/** A repository with one commit of the given files. */
export async function repositoryWith(files: Record<string, string>): Promise<Repository> {
  const folder = await temporaryFolder()
  const git = async (...args: string[]) => (await run('git', ['-C', folder, ...args])).stdout.trim()
  await git('init', '-q', '-b', 'main')
  await git('config', 'user.name', 'Test')
  await git('config', 'user.email', 'test@example.invalid')
  await writeFiles(folder, files)
  await git('add', '-A')
  await git('commit', '-q', '--allow-empty', '-m', 'Base')
  const sha = await git('rev-parse', 'HEAD')
  await git('update-ref', 'refs/slipway/tip', sha)
  // Through a buffer: what a child has written is lost if nobody reads by the time that it ends.
  const bundle = () =>
    spawn('git', ['-C', folder, 'bundle', 'create', '--quiet', '-', 'refs/slipway/tip']).stdout.pipe(new PassThrough())
  const receive = async (pieces: AsyncIterable<Uint8Array>) => {
    const file = join(folder, '.git', 'incoming.bundle')
    await writeFile(file, pieces)
    await git('fetch', '-q', '--force', file, 'refs/slipway/tip:refs/heads/taken')
  }
  return { sha, folder, bundle, git, receive }
}

export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** A workspace in temporary folders, opened at a commit of the files. */
export async function openedWorkspace(
  files: Record<string, string> = {},
  limits: WorkspaceDeps['limits'] = {},
): Promise<{ workspace: Workspace; root: string; state: string; base: Repository }> {
  const root = await temporaryFolder()
  const state = await temporaryFolder()
  const base = await repositoryWith(files)
  const workspace = createWorkspace({ root, state, ...(limits && { limits }) })
  await workspace.open(base.sha, base.bundle())
  return { workspace, root, state, base }
}

/** Outside of a container only what a test's own command started may be killed: processes with its mark in their environment. */
export function markedStrays(mark: string): Strays {
  const find = async () => {
    const found: { pid: number; name: string }[] = []
    for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
      if (environ.includes(`${MARK}=${mark}\0`)) found.push({ pid: Number(pid), name })
    }
    return found
  }
  return {
    clear: async () => {
      const found = await find()
      for (let left = found; left.length > 0; left = await find()) {
        for (const { pid } of left) {
          try {
            process.kill(pid, 'SIGKILL')
          } catch {
            // It has ended by itself.
          }
        }
      }
      return found.map(({ name }) => name)
    },
  }
}

/** Commands on this machine, in the folder. */
export function commandsIn(folder: string, deps: Partial<CommandDeps> = {}) {
  return createCommands({
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, [MARK]: folder },
    strays: markedStrays(folder),
    readOomKills: async () => 0,
    ...deps,
  })
}

/** The six tools over a workspace of the given files. */
export async function toolsOver(files: Record<string, string> = {}) {
  const opened = await openedWorkspace(files)
  const runTool = createTools({ root: opened.root, git: opened.workspace.git, runCommand: commandsIn(opened.root) })
  const call = async (name: string, args: unknown) => (await runTool({ name, args })).text
  return { ...opened, call }
}
