import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { CreateTasks } from '../../shared/contract/task.ts'
import { eventually } from '../support/eventually.ts'
import { startSystem } from '../support/system.ts'

test('the sample’s request goes from drafts to main', async () => {
  const { client } = await startSystem()
  const project = await client.createProject({ body: { name: 'Harbour', source: { kind: 'sample' } } })
  const params = { id: project.id }
  const { tasks } = JSON.parse(await readFile('infra/sample-request.json', 'utf8')) as CreateTasks
  const { items: drafts } = await client.createTasks({ params, body: { tasks } })
  await client.acceptTasks({ params, body: {} })
  const states = async () =>
    (await client.listTasks({ params })).items.map(task => `${task.key} ${task.state} ${task.checks?.status}`)
  await eventually(async () => expect(await states()).toEqual(drafts.map(task => `${task.key} ready passed`)), {
    timeoutMs: 120_000,
  })

  for (const { id } of drafts) await client.applyTask({ params: { id } })
  await eventually(async () => expect(await states()).toEqual(drafts.map(task => `${task.key} done passed`)), {
    timeoutMs: 120_000,
  })
  const { headSha } = await client.getProject({ params })
  expect(headSha).not.toBe(project.headSha)
}, 300_000)
