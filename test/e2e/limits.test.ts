import { v7 as uuid } from 'uuid'
import { beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../shared/contract/client.ts'
import { createTokens } from '../../shared/runtime/tokens.ts'
import { eventually } from '../support/eventually.ts'
import { fileStage } from '../support/file-stage.ts'
import { sh } from '../support/runbook.ts'
import { type System, startSystem } from '../support/system.ts'
import { mostActive, readHistory } from './support/history.ts'
import { plainHttp } from './support/http.ts'

describe('tasks that may all run', { concurrent: true, timeout: 400_000 }, () => {
  const stage = fileStage()
  let system: System

  beforeAll(async () => {
    system = await startSystem({ stage, env: { WORKER_CONCURRENCY: '20' } })
  })

  test('of the plan core run two at once and never three', () => expectAtOnce(2, { plan: 'core', count: 8 }))
  test('of the plan pro run ten at once and never eleven', () => expectAtOnce(10, { plan: 'pro', count: 12 }))
  test('run no more at once than their project says', () =>
    expectAtOnce(3, { plan: 'pro', count: 6, settings: { maxParallel: 3 } }))

  /** Runs so many independent tasks in an organization of their own, and reads off its history how many were active at once. */
  async function expectAtOnce(
    most: number,
    { plan, count, settings = {} }: { plan: string; count: number; settings?: object },
  ): Promise<void> {
    const token = await organization(plan)
    const client = createClient({ url: system.url, token })
    const project = await client.createProject({ body: { name: plan, settings } })
    const params = { id: project.id }
    const tasks = Array.from({ length: count }, (_, n) => ({ key: `t${n}`, title: `Task ${n}`, plan: sh('sleep 1') }))
    await client.createTasks({ params, body: { tasks } })
    await client.acceptTasks({ params, body: {} })
    await eventually(async () => {
      const { items } = await client.listTasks({ params })
      expect(items.map(({ blocked }) => blocked?.reason).filter(reason => reason === 'slot').length).toBeGreaterThan(0)
      const places = items.flatMap(({ blocked }) => blocked?.position ?? [])
      expect(places.toSorted((a, b) => a - b)).toEqual(places.map((_, index) => index + 1))
    })
    await eventually(
      async () => {
        const { items } = await client.listTasks({ params })
        expect(items.map(({ state }) => state)).toEqual(tasks.map(() => 'ready'))
      },
      { timeoutMs: 300_000 },
    )
    expect(mostActive(await readHistory(plainHttp({ url: system.url, token }), project.id))).toBe(most)
    await eventually(async () => expect(await containers(project.id)).toEqual([]))
  }

  async function organization(plan: string): Promise<string> {
    const [organizationId, userId] = [uuid(), uuid()]
    const { prisma } = system.db
    await prisma.organization.create({ data: { id: organizationId, slug: organizationId, name: plan, plan } })
    await prisma.user.create({ data: { id: userId, organizationId, name: 'Test', role: 'member' } })
    const { token } = await createTokens({ db: system.db }).issue({
      kind: 'api',
      organizationId,
      userId,
      label: 'test',
    })
    return token
  }

  /** Containers of this system that belong to a task of the project. */
  async function containers(projectId: string): Promise<string[]> {
    const all = await system.containers()
    const tasks = await system.db.prisma.task.findMany({ where: { projectId }, select: { id: true } })
    const own = new Set(tasks.map(({ id }) => id))
    return all.filter(({ Labels }) => own.has(Labels['slipway.task'] ?? '')).map(({ Id }) => Id)
  }
})
