import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Task, TaskDraft } from '../../shared/contract/task.ts'
import { check } from '../support/checker.ts'
import { eventually } from '../support/eventually.ts'
import { readHistory } from '../support/history.ts'
import { random, scale, seed } from '../support/scale.ts'
import { type System, startSystem } from '../support/system.ts'
import { every, Fleet } from './fleet.ts'

const run = promisify(execFile)
const HOURS = 3_600_000
/** Tasks that keep all workers busy for a while. */
const FEW = 12

test(
  'workers are killed and frozen, the API dies, Redis forgets: every task is done exactly once, in order',
  async () => {
    const next = random()
    const system = await startSystem({ services: 'api,gateway', plan: '8' })
    const { client, db } = system
    const fleet = new Fleet(system, { WORKER_CONCURRENCY: '2' })
    await fleet.grow(5)
    const project = await client.createProject({ body: { name: 'Chaos' } })
    const params = { id: project.id }
    const items: Task[] = []
    const draft = async (count: number) => {
      const tasks = drafts(items.length, count, next)
      items.push(...(await client.createTasks({ params, body: { tasks } })).items)
    }
    const accept = () => client.acceptTasks({ params, body: {} })
    await draft(scale(500))
    await fleet.dieAfterCommit(accept)

    const inState = (...states: string[]) =>
      db.prisma.task.count({ where: { projectId: project.id, state: { in: states } } })
    const kills = scale(200)
    const { faults } = fleet
    let struck = 0
    await every(
      next,
      800,
      () => faults.kills >= kills,
      async () => {
        // The last kills hit as many running tasks as the first.
        if ((await inState('queued', 'active')) < FEW) await draft(FEW).then(accept)
        struck++
        if (struck % 10 === 3) await fleet.freeze(next())
        else await fleet.kill(next())
        if (struck % 20 === 10) await fleet.flush()
        if (struck % 40 === 15) await fleet.killApi()
      },
    )
    await fleet.settled()
    const failed = () => db.prisma.task.findFirst({ where: { projectId: project.id, state: 'failed' } })
    await eventually(async () => expect((await inState('ready')) === items.length || (await failed())).toBeTruthy(), {
      timeoutMs: HOURS,
      intervalMs: 500,
    })
    expect((await failed())?.failureText).toBeUndefined()

    for (const { id } of items) {
      await eventually(async () => void (await client.applyTask({ params: { id } }).catch(ignoreApplied)))
    }
    await fleet.killApi()
    await eventually(
      async () =>
        expect(await db.prisma.task.count({ where: { projectId: project.id, state: 'done' } })).toBe(items.length),
      { timeoutMs: HOURS, intervalMs: 500 },
    )

    expect(await titlesOnMain(system, project.slug)).toEqual(items.map(({ title }) => title).sort())
    await eventually(async () => expect(await system.containers()).toEqual([]), { timeoutMs: 60_000 })
    const history = await readHistory(db, { faulted: faults.workers })
    expect(check(history, { atRest: false }), `seed ${seed()}`).toEqual([])
    const recoveries = faults.recoveries.sort((a, b) => a - b)
    const seconds = (share: number) =>
      ((recoveries[Math.floor(share * (recoveries.length - 1))] ?? 0) / 1_000).toFixed(1)
    console.log(
      `seed ${seed()}: ${items.length} tasks, ${faults.kills} kills, ${faults.pauses} pauses, ${faults.apiKills} API kills, ` +
        `${faults.flushedKeys} keys flushed, ${history.fencedWrites} late writes refused; ` +
        `taken over after ${seconds(0.5)} s (median), ${seconds(0.95)} s (95 %), ${seconds(1)} s (longest)`,
    )
    expect(faults.kills).toBe(kills)
    expect(faults.pauses).toBeGreaterThan(0)
    expect(faults.flushedKeys).toBeGreaterThan(0)
  },
  2 * HOURS,
)

/** Small graphs side by side: every task waits for up to two of the last four. The first has the given number. */
function drafts(first: number, count: number, next: () => number): TaskDraft[] {
  return Array.from({ length: count }, (_, place) => {
    const index = first + place
    const name = `task-${String(index).padStart(4, '0')}`
    const near = [1, 2, 3, 4]
      .map(back => index - back)
      .filter(other => other >= first && Math.floor(other / 10) === Math.floor(index / 10))
    const dependsOn = near
      .filter(() => next() < 0.3)
      .slice(0, 2)
      .map(other => `task-${String(other).padStart(4, '0')}`)
    const plan = [
      `\`\`\`file path=work/${name}/one.txt\none\n\`\`\``,
      `\`\`\`sh\nsleep ${(0.2 + next()).toFixed(2)}; test ! -e work/${name}/two.txt && echo two > work/${name}/two.txt\n\`\`\``,
      `\`\`\`sh\ncat work/${name}/one.txt work/${name}/two.txt > work/${name}/three.txt\n\`\`\``,
    ].join('\n\n')
    return { key: name, title: name, description: '', plan, doneWhen: '', dependsOn, priority: 0 }
  })
}

function ignoreApplied(error: unknown): void {
  if (!/is done|being applied/.test(String(error))) throw error
}

async function titlesOnMain({ folder, url, token }: System, slug: string): Promise<string[]> {
  const clone = `${folder}/clone`
  await run('git', ['clone', '-q', url.replace('://', `://x:${token}@`).concat(`/git/${slug}.git`), clone])
  const { stdout } = await run('git', ['-C', clone, 'log', '--first-parent', '--format=%s'])
  return stdout
    .trim()
    .split('\n')
    .filter(subject => subject.startsWith('task-'))
    .sort()
}
