import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Checkpoint } from '../../../services/runner/workspace.ts'
import { createWorkspace } from '../../../services/runner/workspace.ts'
import { openedWorkspace, type Repository, temporaryFolder } from './support.ts'

const run = promisify(execFile)

/** Takes the checkpoint's bundle into the repository that it came from. @returns the files of the new commit */
async function taken(base: Repository, { ref, bundle }: Checkpoint): Promise<string[]> {
  await base.git('fetch', '-q', bundle!, 'refs/slipway/tip:refs/heads/taken', '--force')
  expect(await base.git('rev-parse', 'taken')).toBe(ref!.sha)
  expect(await base.git('fsck', '--strict')).toBe('')
  return (await base.git('ls-tree', '-r', '--name-only', 'taken')).split('\n')
}

test('a base is written out, with a repository for the agent beside it', async () => {
  const { root, base } = await openedWorkspace({ 'a.txt': 'hello\n', 'src/b.ts': 'x' })
  expect(await readFile(join(root, 'src/b.ts'), 'utf8')).toBe('x')
  const { stdout } = await run('git', ['-C', root, 'log', '--format=%H %s'])
  expect(stdout.trim()).toBe(`${base.sha} Base`)
  expect((await run('git', ['-C', root, 'status', '--porcelain'])).stdout).toBe('')
})

test('a checkpoint is a commit on the one before, in a bundle of what is new', async () => {
  const { workspace, root, base } = await openedWorkspace({ 'a.txt': 'a'.repeat(100_000), 'old.txt': 'x' })
  await writeFile(join(root, 'new.txt'), 'new')
  await rm(join(root, 'old.txt'))
  await symlink('new.txt', join(root, 'link'))
  const first = await workspace.checkpoint('Checkpoint 0')
  expect(first.ref!.parent).toBe(base.sha)
  expect(await taken(base, first)).toEqual(['a.txt', 'link', 'new.txt'])
  expect((await readFile(first.bundle!)).length).toBeLessThan(2_000)

  await writeFile(join(root, 'new.txt'), 'newer')
  const second = await workspace.checkpoint('Checkpoint 1')
  expect(second.ref!.parent).toBe(first.ref!.sha)
  expect(await taken(base, second)).toEqual(['a.txt', 'link', 'new.txt'])
})

test('nothing changed means no checkpoint', async () => {
  const { workspace, root } = await openedWorkspace({ 'a.txt': 'a', '.gitignore': 'dist/\n' })
  expect(await workspace.checkpoint('Checkpoint 0')).toEqual({})
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'dist/x'), 'x')
  await writeFile(join(root, 'a.txt'), 'a')
  expect(await workspace.checkpoint('Checkpoint 1')).toEqual({})
})

test('without a base the first checkpoint has no parent', async () => {
  const root = await temporaryFolder()
  const workspace = createWorkspace({ root, state: await temporaryFolder() })
  expect(await workspace.open(null, null)).toBe(0)
  expect(await workspace.checkpoint('Checkpoint 0')).toEqual({})
  await writeFile(join(root, 'a'), 'a')
  expect((await workspace.checkpoint('Checkpoint 1')).ref).toMatchObject({ parent: null })
})

test.each([
  ['commits', 'git add -A && git commit -qm mine'],
  ['deletes .git', 'rm -rf .git'],
  ['makes .git a file', 'rm -rf .git && echo nonsense > .git'],
  ['checks out another branch', 'git add -A && git commit -qm mine && git checkout -q --orphan other && git reset -q'],
  ['leaves a lock', 'touch .git/index.lock'],
  [
    'configures a hook and a filter',
    "git config core.fsmonitor false; git config filter.x.clean 'echo owned'; echo '* filter=x' > .git/info/attributes",
  ],
])('an agent that %s does not disturb checkpoints', async (_, command) => {
  const { workspace, root, base } = await openedWorkspace({ 'a.txt': 'a' })
  await writeFile(join(root, 'b.txt'), 'b')
  await run('bash', ['-c', command], { cwd: root })
  const checkpoint = await workspace.checkpoint('Checkpoint 0')
  expect(await taken(base, checkpoint)).toEqual(['a.txt', 'b.txt'])
  expect(await base.git('show', 'taken:b.txt')).toBe('b')
})

test('a file that is too large is left out and named, the rest is saved', async () => {
  const { workspace, root, base } = await openedWorkspace({ 'a.txt': 'a' }, { fileBytes: 1_000 })
  await writeFile(join(root, 'big file[1].bin'), 'x'.repeat(2_000))
  await writeFile(join(root, 'b.txt'), 'b')
  const checkpoint = await workspace.checkpoint('Checkpoint 0')
  expect(checkpoint.note).toBe('[not saved: big file[1].bin is 2 KB, more than 1000 bytes]')
  expect(await taken(base, checkpoint)).toEqual(['a.txt', 'b.txt'])
})

test('a repository inside the work tree is named, since git would not save its files', async () => {
  const { workspace, root, base } = await openedWorkspace({ 'a.txt': 'a' })
  await run(
    'bash',
    [
      '-c',
      'git init -q sub && cd sub && echo x > x && git add x && git -c user.name=x -c user.email=x@y commit -qm x; echo b > ../b.txt',
    ],
    { cwd: root },
  )
  const checkpoint = await workspace.checkpoint('Checkpoint 0')
  expect(checkpoint.note).toMatch(/^\[not saved: sub\/ is a git repository of its own; remove its \.git/)
  expect(await taken(base, checkpoint)).toEqual(['a.txt', 'b.txt'])
})

test.each([
  ['too many files', { files: 10 }, 'for i in $(seq 20); do echo $i > f$i; done', /more than 10 files changed/],
  [
    'too much',
    { totalBytes: 10_000 },
    'head -c 20000 /dev/urandom > f',
    /^20 KB changed since the last checkpoint, more than 9.8 KB$/,
  ],
  [
    'a bundle that is too large',
    { bundleBytes: 5_000 },
    'head -c 20000 /dev/urandom > f',
    /^the changes since the last checkpoint are 20 KB, more than/,
  ],
])('%s cannot be saved, which is said; less can again', async (_, limits, command, problem) => {
  const { workspace, root, base } = await openedWorkspace({ 'a.txt': 'a' }, limits)
  await run('bash', ['-c', command], { cwd: root })
  const failed = await workspace.checkpoint('Checkpoint 0')
  expect(failed.problem).toMatch(problem)
  expect(failed.ref).toBeUndefined()
  await run('bash', ['-c', 'rm -f f*; echo b > b.txt'], { cwd: root })
  const checkpoint = await workspace.checkpoint('Checkpoint 1')
  expect(checkpoint.ref!.parent).toBe(base.sha)
  expect(await taken(base, checkpoint)).toEqual(['a.txt', 'b.txt'])
})

test('restore puts the work tree back to the last checkpoint and leaves ignored files', async () => {
  const { workspace, root } = await openedWorkspace({ 'a.txt': 'a', '.gitignore': 'dist/\n' })
  await writeFile(join(root, 'b.txt'), 'b')
  await workspace.checkpoint('Checkpoint 0')
  await run(
    'bash',
    ['-c', 'echo changed > a.txt; rm b.txt; echo c > c.txt; mkdir dist; echo d > dist/d; git init -q sub'],
    { cwd: root },
  )
  await workspace.restore()
  expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('a')
  expect((await run('bash', ['-c', 'find . -type f -not -path "./.git/*" | sort'], { cwd: root })).stdout).toBe(
    './.gitignore\n./a.txt\n./b.txt\n./dist/d\n',
  )
  expect(await workspace.checkpoint('Checkpoint 1')).toEqual({})
})

test('what is not a bundle, or is cut short, is refused', async () => {
  const opened = async (pieces: string[]) =>
    createWorkspace({ root: await temporaryFolder(), state: await temporaryFolder() }).open(
      'a'.repeat(40),
      (async function* () {
        for (const piece of pieces) yield Buffer.from(piece)
      })(),
    )
  await expect(opened(['hello\n\nworld'])).rejects.toThrow('this is not a git bundle')
  await expect(opened(['# v2 git bundle\n'])).rejects.toThrow('the bundle was cut short')
  await expect(opened([`# v2 git bundle\n${'a'.repeat(40)} refs/slipway/tip\n\nPACK`])).rejects.toThrow(
    /index-pack failed/,
  )
})
