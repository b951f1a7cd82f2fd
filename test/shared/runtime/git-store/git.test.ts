import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GitError } from '../../../../shared/runtime/git-store/errors.ts'
import { createGit, type Git } from '../../../../shared/runtime/git-store/git.ts'
import { collect, temporaryDirectory, workTree } from './support.ts'

describe('calling git', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let git: Git
  let gitDir: string

  beforeAll(async () => {
    directory = await temporaryDirectory()
    git = createGit({ path: process.env.PATH ?? '', cwd: directory.path })
    const tree = await workTree(join(directory.path, 'tree'))
    await tree.commit({ 'big.txt': 'x'.repeat(1_000_000) })
    gitDir = join(tree.path, '.git')
  })
  afterAll(() => directory.remove())

  test('nothing of the host reaches it but what it needs', async () => {
    const bin = join(directory.path, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'git'), '#!/bin/sh\nenv\nprintf "%s\\n" "$@"\n')
    await chmod(join(bin, 'git'), 0o755)
    process.env.SLIPWAY_TEST_SECRET = 'secret'
    const fake = createGit({ path: `${bin}:/usr/bin:/bin`, cwd: directory.path })
    const output = await fake.text(['status'])
    delete process.env.SLIPWAY_TEST_SECRET
    expect(output).not.toContain('SLIPWAY_TEST_SECRET')
    for (const line of [
      'GIT_CONFIG_NOSYSTEM=1',
      'GIT_CONFIG_GLOBAL=/dev/null',
      'GIT_TERMINAL_PROMPT=0',
      'HOME=/nonexistent',
    ]) {
      expect(output).toContain(line)
    }
    for (const setting of ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'protocol.ext.allow=never']) {
      expect(output).toContain(`-c\n${setting}\n`)
    }
  })

  test('it finds no repository by itself', async () => {
    const inside = createGit({ path: process.env.PATH ?? '', cwd: directory.path })
    await expect(inside.run(['rev-parse', 'HEAD'])).rejects.toThrow(/not a git repository/)
  })

  test('an error tells the command and what git said, without credentials', async () => {
    const failed = git.run(['ls-remote', 'https://me:s3cret@host.invalid/x'], { gitDir })
    const error = await failed.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(GitError)
    expect((error as GitError).exitCode).toBe(128)
    expect((error as GitError).message).toContain("transport 'https' not allowed")
    expect((error as GitError).message).not.toContain('s3cret')
  })

  test('too much output stops it', async () => {
    const tooMuch = git.run(['show', 'HEAD:big.txt'], { gitDir, maxOutputBytes: 1000 })
    await expect(tooMuch).rejects.toThrow(/more than 1000 bytes of output/)
  })

  test('an abort ends a call that waits for input, with the reason', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const waiting = git.run(['hash-object', '--stdin'], { gitDir, input: new PassThrough(), signal: abort.signal })
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  test('a deadline ends it too', async () => {
    const waiting = git.run(['hash-object', '--stdin'], { gitDir, input: new PassThrough(), deadlineMs: 50 })
    await expect(waiting).rejects.toThrow(/took too long/)
  })

  test('input that git does not read to its end is no error of its own', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(64 * 1024)
      })(),
    )
    await expect(git.run(['rev-parse', '--verify', 'nothing'], { gitDir, input: endless })).rejects.toThrow(/exit 128/)
    endless.destroy()
  })

  test('a stream ends with an error when git does, and stops git when it is closed', async () => {
    await expect(collect(git.stream(['show', 'HEAD:absent'], { gitDir }))).rejects.toBeInstanceOf(GitError)
    expect((await collect(git.stream(['show', 'HEAD:big.txt'], { gitDir }))).length).toBe(1_000_000)
    const closed = git.stream(['cat-file', '--batch'], { gitDir, input: new PassThrough() })
    closed.destroy()
    await expect(collect(closed)).rejects.toThrow()
  })
})
