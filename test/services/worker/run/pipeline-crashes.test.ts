import { expect, test } from 'vitest'
import type { RunDeps } from '../../../../services/worker/run/deps.ts'
import { runTask } from '../../../../services/worker/run/run-task.ts'
import { check } from '../../../support/checker.ts'
import { draft } from '../../../support/engine.ts'
import { readHistory } from '../../../support/history.ts'
import { startRelay } from '../../../support/relay.ts'
import { parallel, plan, sh } from '../../../support/runbook.ts'
import { claimed, expireLease } from '../../../support/runs.ts'
import { startWorkshop } from '../../../support/workshop.ts'

class Crash extends Error {}

/** Every write of a pipeline's life, by whom it is made. */
const POINTS = {
  parent: ['startPipeline', 'pipelineOf', 'merge', 'moveRef', 'journal', 'endIteration'],
  child: ['open', 'receive', 'moveRef', 'childDone'],
} as const

/** The dependencies of a worker that dies the first time it gets to each of the points, before or after what it does there. */
function dying(deps: RunDeps, kind: keyof typeof POINTS, when: 'before' | 'after', fired: Set<string>): RunDeps {
  let dead = false
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name, receiver) {
        const value: unknown = Reflect.get(object, name, receiver)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          // A process that is dead writes nothing any more.
          if (dead) throw new Crash(`dead at ${String(name)}`)
          const point = `${kind} ${String(name)}`
          const due = (POINTS[kind] as readonly string[]).includes(String(name)) && !fired.has(point)
          const die = () => {
            fired.add(point)
            dead = true
            throw new Crash(point)
          }
          if (due && when === 'before') die()
          const result: unknown = await value.apply(object, args)
          if (due) die()
          return result
        }
      },
    })
  return { ...deps, store: wrap(deps.store), git: wrap(deps.git) }
}

test.each(['before', 'after'] as const)(
  'a worker that dies %s each step of a pipeline leaves what the next finishes, once',
  async when => {
    const shop = await startWorkshop()
    startRelay(shop)
    const { store, db, git } = shop
    const merges: { sha: string; at: string | undefined }[] = []
    const merge: typeof git.merge = async (projectId, request, signal) => {
      const merged = await shop.runDeps.git.merge(projectId, request, signal)
      if (request.message.startsWith('Take in') && merged.kind === 'merged')
        merges.push({ sha: merged.sha, at: request.at })
      return merged
    }
    const runDeps = { ...shop.runDeps, git: { ...shop.runDeps.git, merge } }
    const project = await shop.repository({ 'README.md': '# Test\n' })
    const block = parallel(
      { name: 'left', prompt: sh('echo left >> left.txt') },
      { name: 'right', prompt: sh('cat left.txt && echo right >> right.txt'), depends_on: ['left'] },
      { name: 'look', prompt: sh('cat left.txt right.txt'), depends_on: ['left', 'right'] },
    )
    const [id] = (await store.createDrafts(project.id, [
      draft('parent', [], { plan: plan(block, sh('cat left.txt right.txt > all.txt')) }),
    ])) as [string]
    await store.accept(project.id)

    const fired = new Set<string>()
    const faulted = new Set<string>()
    for (let run = 1; ; run++) {
      expect(run).toBeLessThan(40)
      const task = await db.prisma.task.findFirst({
        where: {
          state: { in: ['queued', 'active'] },
          prerequisites: { every: { prerequisite: { state: { in: ['done', 'ready'] } } } },
        },
      })
      if (!task) break
      if (task.state === 'active') await expireLease(shop, task.id)
      const worker = `worker-${run}`
      const claim = await claimed(shop, task.id, worker)
      const deps = dying(runDeps, claim.kind === 'pipeline' ? 'child' : 'parent', when, fired)
      await runTask(deps, claim, new AbortController().signal).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
        faulted.add(worker)
      })
    }

    const points = Object.entries(POINTS).flatMap(([kind, names]) => names.map(name => `${kind} ${name}`))
    expect([...fired].sort()).toEqual(points.sort())
    const parent = await db.prisma.task.findUniqueOrThrow({ where: { id } })
    expect(parent).toMatchObject({ state: 'ready', attempt: 1 })
    const { files } = await git.diff(project.id, { base: parent.baseSha!, head: parent.headSha! })
    expect(files.map(({ path, hunks }) => [path, hunks.flatMap(({ lines }) => lines)])).toEqual([
      ['all.txt', ['+left', '+right']],
      ['left.txt', ['+left']],
      ['right.txt', ['+right']],
    ])
    // The call was answered once, and the merge is one commit, however often it was made.
    expect(merges.length).toBeGreaterThan(1)
    const { finishedAt } = await db.prisma.pipeline.findFirstOrThrow()
    expect(new Set(merges.map(({ at }) => at))).toEqual(new Set([finishedAt!.toISOString()]))
    expect(new Set(merges.map(({ sha }) => sha)).size).toBe(1)
    const steps = await db.prisma.step.findMany({ where: { taskId: id, tool: 'parallel' } })
    expect(steps).toHaveLength(1)
    const checkpoints = await db.prisma.checkpoint.findMany({ where: { taskId: id, iteration: steps[0]!.iteration } })
    expect(checkpoints).toHaveLength(1)
    const history = await readHistory(db, { faulted })
    expect(check(history, { atRest: false })).toEqual([])
    expect(history.pipelines).toHaveLength(1)
    expect(history.tasks).toHaveLength(4)
  },
  300_000,
)
