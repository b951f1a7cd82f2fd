import pg from 'pg'
import { draft, startEngine } from '../support/engine.ts'
import { startSystem } from '../support/system.ts'
import { bench, inTurns, timed } from './measure.ts'

const DRAFTS = 1_000

/** Accepting all drafts of a project, in the store and over HTTP, beside an UPDATE of the same rows. */
await bench('accept', async ({ stage, row }) => {
  const engine = await startEngine({ stage })
  const { id: bareId } = await projectOf(engine)
  const pool = new pg.Pool({ connectionString: engine.databaseUrl, max: 1 })
  stage.onEnd(() => pool.end())
  const baseline = async () => {
    await pool.query(`UPDATE tasks SET state = 'draft' WHERE project_id = $1`, [bareId])
    return timed(() =>
      pool.query(`UPDATE tasks SET state = 'queued' WHERE project_id = $1 AND state = 'draft'`, [bareId]),
    )
  }
  const slipway = async () => {
    const { id } = await projectOf(engine)
    return timed(() => engine.store.accept(id))
  }
  const inStore = await inTurns(7, { slipway, baseline }, { withinMs: 8_000 })
  row(`${DRAFTS} drafts accepted at once, in the store`, 'ms', inStore, `bare UPDATE of ${DRAFTS} rows`)

  const env = { NODE_ENV: 'production', LOG_LEVEL: 'warn' }
  const { client } = await startSystem({ services: 'api', env, stage })
  const overHttp = async () => {
    const { id } = await client.createProject({ body: { name: 'Bench' } })
    await client.createTasks({ params: { id }, body: { tasks: drafts() } })
    return timed(() => client.acceptTasks({ params: { id }, body: {} }))
  }
  const measured = await inTurns(7, { slipway: overHttp, baseline }, { withinMs: 8_000 })
  row(`${DRAFTS} drafts accepted at once, over HTTP`, 'ms', measured, `bare UPDATE of ${DRAFTS} rows`)
})

function drafts() {
  return Array.from({ length: DRAFTS }, (_, index) => draft(`t${index}`))
}

async function projectOf(engine: Awaited<ReturnType<typeof startEngine>>): Promise<{ id: string }> {
  const project = await engine.project()
  await engine.store.createDrafts(project.id, drafts())
  return project
}
