import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { GitStore, LocalGitStore } from '../../../../shared/runtime/git-store/types.ts'
import { collect, git, type WorkTree, workTree } from './support.ts'

/** A store under test, beside the local one that keeps its repositories. */
export type Subject = { store: GitStore; local: LocalGitStore; directory: string; close(): Promise<void> }

/** What every `GitStore` does, whether on disk or over HTTP. */
export function behavesAsGitStore(name: string, start: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject
    let store: GitStore
    let project: string
    let main: string
    let tree: WorkTree

    beforeAll(async () => {
      subject = await start()
      store = subject.store
    })
    afterAll(() => subject.close())
    beforeEach(async () => {
      project = randomUUID()
      const source = await workTree(join(subject.directory, `source-${project}`))
      main = await source.commit({ 'a.txt': 'one\ntwo\nthree\n', 'b.txt': 'b\n' }, 'First')
      await subject.local.create(project, { kind: 'git', url: source.path })
      tree = await workTree(join(subject.directory, `tree-${project}`))
      await tree.load(await store.bundle(project, { want: main, have: [] }), main)
    })

    const checkpoint = (head: string, parent = main, epoch = 1, taskId = 'task-1') => ({ taskId, epoch, parent, head })

    /** Commits in the work tree on `parent` and hands the commit over. */
    async function handOver(files: Record<string, string | null>, parent = main, taskId = 'task-1'): Promise<string> {
      await tree.git(['checkout', '--quiet', '--detach', parent])
      const head = await tree.commit(files, `Work of ${taskId}`)
      await store.receive(project, checkpoint(head, parent, 1, taskId), Readable.from(await tree.bundle(head, parent)))
      return head
    }

    describe('bundles', () => {
      test('a full bundle carries the history and the files', async () => {
        expect(await tree.git(['log', '--format=%s'])).toBe('First')
        expect(await tree.git(['show', 'HEAD:a.txt'])).toBe('one\ntwo\nthree')
      })

      test('an incremental bundle leaves out what the receiver has, and ignores commits that nobody knows', async () => {
        const head = await handOver({ 'c.txt': 'c\n' })
        const other = await workTree(join(subject.directory, `other-${project}`))
        await other.load(await store.bundle(project, { want: main, have: [] }), main)
        const incremental = await collect(await store.bundle(project, { want: head, have: [main, '1'.repeat(40)] }))
        expect(incremental.length).toBeLessThan(1000)
        await other.load(Readable.from([incremental]), head)
        expect(await other.git(['show', 'HEAD:c.txt'])).toBe('c')
      })

      test('a bundle with nothing to send is still a bundle', async () => {
        await tree.load(await store.bundle(project, { want: main, have: [main] }), main)
        expect(await tree.git(['rev-parse', 'refs/slipway/tip'])).toBe(main)
      })

      test('an unknown commit or project is told apart before anything is sent', async () => {
        await expect(store.bundle(project, { want: '1'.repeat(40), have: [] })).rejects.toMatchObject({
          code: 'unknown_commit',
        })
        await expect(store.bundle(randomUUID(), { want: main, have: [] })).rejects.toMatchObject({
          code: 'no_repository',
        })
      })
    })

    describe('checkpoints', () => {
      test('a checkpoint is kept under its task and epoch, and its commits can be read', async () => {
        const head = await tree.commit({ 'c.txt': 'c\n' })
        const bundle = await tree.bundle(head, main)
        const received = await store.receive(project, checkpoint(head), Readable.from([bundle]))
        expect(received).toEqual({ ref: 'refs/slipway/task-1/e1', head })
        expect(await store.resolve(project, received.ref)).toBe(head)
        expect(await store.isAncestor(project, main, head)).toBe(true)
      })

      test('the same checkpoint again changes nothing, and may come as bytes', async () => {
        const head = await tree.commit({ 'c.txt': 'c\n' })
        const bundle = await tree.bundle(head, main)
        await store.receive(project, checkpoint(head), bundle)
        expect(await store.receive(project, checkpoint(head), bundle)).toEqual({ ref: 'refs/slipway/task-1/e1', head })
        expect(await store.resolve(project, 'refs/slipway/task-1/e1')).toBe(head)
      })

      test('checkpoints follow each other, each as an increment of the one before', async () => {
        const first = await handOver({ 'c.txt': 'c\n' })
        const second = await handOver({ 'c.txt': 'cc\n' }, first)
        expect(await store.resolve(project, 'refs/slipway/task-1/e1')).toBe(second)
        expect(await store.isAncestor(project, first, second)).toBe(true)
      })

      test('a head that does not come from its parent is refused', async () => {
        const ahead = await handOver({ 'c.txt': 'c\n' })
        await tree.git(['checkout', '--quiet', '--detach', main])
        const beside = await tree.commit({ 'd.txt': 'd\n' })
        const bundle = await tree.bundle(beside, main)
        const refused = store.receive(project, checkpoint(beside, ahead, 2), Readable.from([bundle]))
        await expect(refused).rejects.toMatchObject({ code: 'not_descendant' })
        expect(await store.resolve(project, 'refs/slipway/task-1/e2')).toBeNull()
        expect(await store.resolve(project, beside)).toBeNull()
      })

      test('a cut, forged or unfinished bundle is refused and nothing of it stays', async () => {
        const head = await tree.commit({ 'c.txt': 'c\n'.repeat(1000) })
        const bundle = await tree.bundle(head, main)
        const forged = Buffer.from(bundle)
        forged.writeUInt8(forged.readUInt8(forged.length - 30) ^ 0xff, forged.length - 30)
        const headerOnly = bundle.subarray(0, bundle.indexOf('\n\n') + 2)
        for (const bad of [
          bundle.subarray(0, bundle.length - 10),
          forged,
          headerOnly,
          Buffer.from('no bundle'),
          Buffer.alloc(0),
        ]) {
          const refused = store.receive(project, checkpoint(head), Readable.from([bad]))
          await expect(refused).rejects.toMatchObject({ code: 'bundle_rejected' })
        }
        expect(await store.resolve(project, head)).toBeNull()
        await store.receive(project, checkpoint(head), bundle)
      })

      test('a bundle of other commits than it was announced with is refused', async () => {
        const head = await tree.commit({ 'c.txt': 'c\n' })
        const other = await tree.commit({ 'd.txt': 'd\n' })
        const bundle = await tree.bundle(head, main)
        const refused = store.receive(project, checkpoint(other), Readable.from([bundle]))
        await expect(refused).rejects.toMatchObject({ code: 'bundle_rejected' })
      })

      test('old epochs are dropped, the current one stays', async () => {
        const head = await tree.commit({ 'c.txt': 'c\n' })
        const bundle = await tree.bundle(head, main)
        for (const epoch of [1, 2, 3]) await store.receive(project, checkpoint(head, main, epoch), bundle)
        await store.dropTaskRefs(project, 'task-1', 3)
        expect(
          await Promise.all([1, 2, 3].map(epoch => store.resolve(project, `refs/slipway/task-1/e${epoch}`))),
        ).toEqual([null, null, head])
        await store.dropTaskRefs(project, 'task-1')
        expect(await store.resolve(project, 'refs/slipway/task-1/e3')).toBeNull()
      })
    })

    describe('merging', () => {
      test('every head gets a merge commit with both parents, by Slipway, and no ref moves', async () => {
        const left = await handOver({ 'left.txt': 'l\n' }, main, 'left')
        const right = await handOver({ 'right.txt': 'r\n' }, main, 'right')
        const merged = await store.merge(project, { into: main, heads: [left, right], message: 'Both sides\n\nWhy.' })
        if (merged.kind !== 'merged') throw new Error(merged.kind)
        expect(merged.merged).toEqual([left, right])
        const [last, first] = await subject.local.log(project, { head: merged.sha, firstParent: true, limit: 2 })
        expect(last).toMatchObject({
          subject: 'Both sides',
          body: 'Why.',
          author: { name: 'Slipway', email: 'slipway@localhost' },
        })
        expect(last?.parents).toEqual([first?.sha, right])
        expect(first?.parents).toEqual([main, left])
        const { files } = await subject.local.diff(project, { base: main, head: merged.sha })
        expect(files.map(file => file.path)).toEqual(['left.txt', 'right.txt'])
        expect(await store.resolve(project, 'main')).toBe(main)
      })

      test('heads that are in already need no commit', async () => {
        const head = await handOver({ 'c.txt': 'c\n' })
        expect(await store.merge(project, { into: head, heads: [main, head], message: 'No' })).toEqual({
          kind: 'merged',
          sha: head,
          merged: [],
          conflicts: [],
        })
        expect(await store.merge(project, { into: head, heads: [], message: 'No' })).toEqual({
          kind: 'merged',
          sha: head,
          merged: [],
          conflicts: [],
        })
      })

      test('a conflict names the head and the files and changes nothing', async () => {
        const clean = await handOver({ 'c.txt': 'c\n' }, main, 'clean')
        const ours = await handOver({ 'a.txt': 'one\nOURS\nthree\n', 'dir with space/ü.txt': 'x\n' }, main, 'ours')
        const theirs = await handOver(
          { 'a.txt': 'one\nTHEIRS\nthree\n', 'dir with space/ü.txt': 'y\n' },
          main,
          'theirs',
        )
        const result = await store.merge(project, { into: ours, heads: [clean, theirs], message: 'Clash' })
        expect(result).toEqual({ kind: 'conflict', head: theirs, files: ['a.txt', 'dir with space/ü.txt'] })
        expect(await store.resolve(project, 'main')).toBe(main)
      })

      test('a file deleted here and changed there is a conflict', async () => {
        const deleted = await handOver({ 'a.txt': null }, main, 'deleted')
        const changed = await handOver({ 'a.txt': 'changed\n' }, main, 'changed')
        const result = await store.merge(project, { into: deleted, heads: [changed], message: 'Clash' })
        expect(result).toEqual({ kind: 'conflict', head: changed, files: ['a.txt'] })
      })

      test('conflicts can be committed as they stand, so that somebody settles them in the files', async () => {
        const ours = await handOver({ 'a.txt': 'one\nOURS\nthree\n' }, main, 'ours')
        const theirs = await handOver({ 'a.txt': 'one\nTHEIRS\nthree\n' }, main, 'theirs')
        const clean = await handOver({ 'c.txt': 'c\n' }, main, 'clean')
        const merge = { into: ours, heads: [theirs, clean], message: 'Clash', keepConflicts: true }
        const merged = await store.merge(project, { ...merge, at: '2026-01-02T03:04:05.678Z' })
        if (merged.kind !== 'merged') throw new Error(merged.kind)
        expect(merged).toMatchObject({ merged: [theirs, clean], conflicts: [{ head: theirs, files: ['a.txt'] }] })
        const { files } = await subject.local.diff(project, { base: ours, head: merged.sha })
        expect(files.map(({ path, hunks }) => [path, hunks.flatMap(({ lines }) => lines)])).toEqual([
          ['a.txt', [' one', `+<<<<<<< ${ours}`, ' OURS', '+=======', '+THEIRS', `+>>>>>>> ${theirs}`, ' three']],
          ['c.txt', ['+c']],
        ])
        expect(await store.merge(project, { ...merge, at: '2026-01-02T03:04:05.678Z' })).toEqual(merged)
      })

      describe('conflicts that earlier merges have committed', () => {
        const keepConflicts = true
        const marked = '<<<<<<< ours\n=======\n>>>>>>> theirs\n'

        /** Two heads that do not fit together, merged; what is then committed on that. */
        async function inConflict(start: string, sides: Record<string, [string | null, string | null]>) {
          const side = (index: 0 | 1) =>
            Object.fromEntries(Object.entries(sides).map(([name, contents]) => [name, contents[index]]))
          const ours = await handOver(side(0), start, 'ours')
          const theirs = await handOver(side(1), start, 'theirs')
          const based = await store.merge(project, {
            into: start,
            heads: [ours, theirs],
            message: 'Base',
            keepConflicts,
          })
          if (based.kind !== 'merged') throw new Error(based.kind)
          expect(based.conflicts).toEqual([{ head: theirs, files: Object.keys(sides) }])
          await tree.load(await store.bundle(project, { want: based.sha, have: [start] }), based.sha)
          return { ours, theirs, base: based.sha }
        }

        const conflictsOf = async (heads: string[], into = main) => {
          const merged = await store.merge(project, { into, heads, message: 'Again', keepConflicts })
          return merged.kind === 'merged' ? merged.conflicts : merged
        }

        test('are named again as long as nobody has settled them', async () => {
          const { ours, theirs, base } = await inConflict(main, { 'a.txt': ['OURS\n', 'THEIRS\n'] })
          const left = [{ head: theirs, files: ['a.txt'] }]
          expect(await conflictsOf([ours, theirs, base])).toEqual(left)
          const beside = await handOver({ 'c.txt': 'c\n' }, base, 'beside')
          expect(await conflictsOf([ours, theirs, beside])).toEqual(left)
          const half = await handOver({ 'a.txt': `HALF\n>>>>>>> ${theirs}\n` }, beside, 'half')
          expect(await conflictsOf([half])).toEqual(left)
          const moved = await handOver({ 'a.txt': null, 'b2.txt': `HALF\n>>>>>>> ${theirs}\n` }, half, 'moved')
          expect(await conflictsOf([moved])).toEqual([{ head: theirs, files: ['b2.txt'] }])
          const settled = await handOver({ 'b2.txt': 'BOTH\n' }, moved, 'settled')
          expect(await conflictsOf([ours, theirs, settled])).toEqual([])
          expect(await conflictsOf([beside, settled])).toEqual([])
        })

        test('also where no markers can stand: until somebody has touched the file', async () => {
          const { theirs, base } = await inConflict(main, {
            'a.txt': [null, 'THEIRS\n'],
            'image.bin': ['\0ours', '\0theirs'],
          })
          expect(await conflictsOf([base])).toEqual([{ head: theirs, files: ['a.txt', 'image.bin'] }])
          const one = await handOver({ 'a.txt': null }, base, 'one')
          expect(await conflictsOf([one])).toEqual([{ head: theirs, files: ['image.bin'] }])
          const both = await handOver({ 'image.bin': '\0both' }, one, 'both')
          expect(await conflictsOf([both])).toEqual([])
        })

        test('are those of Slipway’s merges since then, and no text that looks like them', async () => {
          const start = await handOver({ 'old.txt': marked }, main, 'start')
          const { theirs, base } = await inConflict(start, { 'a.txt': ['OURS\n', 'THEIRS\n'] })
          const told = await handOver({ 'old.txt': `${marked}more\n`, 'new.txt': marked }, base, 'told')
          expect(await conflictsOf([told], start)).toEqual([{ head: theirs, files: ['a.txt'] }])
          const settled = await handOver({ 'a.txt': 'BOTH\n' }, told, 'settled')
          expect(await conflictsOf([settled], start)).toEqual([])
          const after = await handOver({ 'c.txt': 'c\n' }, base, 'after')
          expect(await conflictsOf([after], base)).toEqual([])
        })
      })

      test('the same merge at the same time is the same commit', async () => {
        const left = await handOver({ 'left.txt': 'l\n' }, main, 'left')
        await handOver({ 'right.txt': 'r\n' }, main, 'right')
        const right = (await store.resolve(project, 'refs/slipway/right/e1')) ?? ''
        const merge = { into: left, heads: [right], message: 'Same', at: '2026-01-02T03:04:05.678Z' }
        const first = await store.merge(project, merge)
        expect(await store.merge(project, merge)).toEqual(first)
        if (first.kind !== 'merged') throw new Error(first.kind)
        expect((await subject.local.log(project, { head: first.sha, limit: 1 }))[0]?.at).toBe(
          '2026-01-02T03:04:05.000Z',
        )
      })

      test('squashing puts the work into one commit on its base, also when nothing changed', async () => {
        const first = await handOver({ 'c.txt': 'c\n' })
        const second = await handOver({ 'c.txt': 'cc\n' }, first)
        const one = await store.squash(project, { base: main, head: second, message: 'All of it' })
        const [commit] = await subject.local.log(project, { head: one, base: main })
        expect(commit).toMatchObject({ sha: one, parents: [main], subject: 'All of it', body: '' })
        expect((await subject.local.diff(project, { base: second, head: one })).files).toEqual([])
        const nothing = await store.squash(project, { base: main, head: main, message: 'Nothing to do' })
        expect(nothing).not.toBe(main)
        expect(await store.isAncestor(project, main, nothing)).toBe(true)
      })
    })

    describe('refs', () => {
      test('a ref moves only from where it is said to stand', async () => {
        const head = await handOver({ 'c.txt': 'c\n' })
        const ref = 'refs/heads/tasks/1-first'
        expect(await store.moveRef(project, { ref, to: head, from: main })).toBe(false)
        expect(await store.resolve(project, ref)).toBeNull()
        expect(await store.moveRef(project, { ref, to: main, from: null })).toBe(true)
        expect(await store.moveRef(project, { ref, to: head, from: null })).toBe(false)
        expect(await store.moveRef(project, { ref, to: head, from: main })).toBe(true)
        expect(await store.resolve(project, ref)).toBe(head)
      })

      test('of many that move main at once exactly one wins', async () => {
        const heads: string[] = []
        for (let n = 0; n < 6; n++)
          heads.push(await store.squash(project, { base: main, head: main, message: `Candidate ${n}` }))
        const won = await Promise.all(
          heads.map(to => store.moveRef(project, { ref: 'refs/heads/main', to, from: main })),
        )
        expect(won.filter(Boolean)).toHaveLength(1)
        expect(await store.resolve(project, 'main')).toBe(heads[won.indexOf(true)])
      })

      test('refs elsewhere, options and malformed names are refused', async () => {
        for (const ref of [
          'HEAD',
          'refs/tags/x',
          'refs/heads/a..b',
          'refs/heads/',
          '--stdin',
          'refs/heads/../../config',
          'refs/slipway',
        ]) {
          await expect(store.moveRef(project, { ref, to: main, from: null })).rejects.toMatchObject({
            code: 'invalid_argument',
          })
        }
        await expect(store.resolve(project, '--all')).rejects.toMatchObject({ code: 'invalid_argument' })
        await expect(store.dropTaskRefs(project, '../heads')).rejects.toMatchObject({ code: 'invalid_argument' })
        await expect(store.resolve('../escape', 'main')).rejects.toMatchObject({ code: 'invalid_argument' })
      })

      test('an aborted call throws the reason of its signal', async () => {
        const reason = new Error('stop it')
        await expect(store.resolve(project, 'main', AbortSignal.abort(reason))).rejects.toBe(reason)
      })

      test('everything that was stored is whole', async () => {
        await handOver({ 'c.txt': 'c\n' })
        expect(
          await git(subject.directory, [
            '--git-dir',
            join(subject.directory, 'repos', `${project}.git`),
            'fsck',
            '--strict',
          ]),
        ).toBe('')
      })
    })
  })
}
