import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import type { Stage } from './servers.ts'

const run = promisify(execFile)

const PERSON = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgSign=false']
const ENV = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }

export type Files = Record<string, string>

/** A person's own clone or repository, worked on with the real git. */
export interface WorkTree {
  path: string
  /** Runs git in it; gives what it said. @throws with git's words when it fails */
  git(...args: string[]): Promise<string>
  /** Writes the files and commits them; gives the commit. */
  commit(files: Files, subject: string): Promise<string>
  /** Every file that git knows, with its content. */
  files(): Promise<Files>
}

/** An empty repository on `main` in a folder of its own. */
export async function makeRepository(onEnd: Stage['onEnd']): Promise<WorkTree> {
  const tree = workTree(await folder(onEnd))
  await tree.git('init', '--quiet', '--initial-branch=main')
  return tree
}

/** A clone over HTTP as a person makes it: any user name, the token as password. */
export async function clone(
  { cloneUrl, token }: { cloneUrl: string; token: string },
  onEnd: Stage['onEnd'],
): Promise<WorkTree> {
  const tree = workTree(await folder(onEnd))
  const url = new URL(cloneUrl)
  url.username = 'anybody'
  url.password = token
  await tree.git('clone', '--quiet', url.href, '.')
  return tree
}

async function folder(onEnd: Stage['onEnd']): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'slipway-tree-'))
  onEnd(() => rm(path, { recursive: true, force: true }))
  return path
}

function workTree(path: string): WorkTree {
  const git = async (...args: string[]) => {
    const { stdout, stderr } = await run('git', [...PERSON, ...args], { cwd: path, env: ENV, maxBuffer: 16 << 20 })
    return (stdout || stderr).trimEnd()
  }
  return {
    path,
    git,
    async commit(files, subject) {
      await writeFiles(path, files)
      await git('add', '--all')
      await git('commit', '--quiet', '--message', subject)
      return git('rev-parse', 'HEAD')
    },
    async files() {
      const names = (await git('ls-files')).split('\n')
      return Object.fromEntries(
        await Promise.all(names.map(async name => [name, await readFile(join(path, name), 'utf8')] as const)),
      )
    },
  }
}

async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), content)
  }
}
