import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import pg from 'pg'
import { v7 as uuid } from 'uuid'
import { draft } from '../support/engine.ts'
import { startSystem } from '../support/system.ts'
import { bench, inTurns } from './measure.ts'

const AT_ONCE = 16
const BATCH = 200
const ROUNDS = 9
/** How long one measurement goes on. */
const EACH_MS = 500

const BARE_INSERT = `INSERT INTO bare_tasks
  (id, project_id, organization_id, thread_id, number, key, title, description, plan, done_when, model)
  SELECT id, $2, $2, id, 1, 'task', 'A task', '', 'do it', '', 'runbook' FROM unnest($1::uuid[]) AS ids(id)`

/** Drafts through the API process, as clients send them, beside rows that a pool of connections inserts into a table of the same columns. */
await bench('create', async ({ stage, row }) => {
  const env = { NODE_ENV: 'production', LOG_LEVEL: 'warn', RATE_LIMIT: '10000000' }
  const { url, token, client, databaseUrl } = await startSystem({ services: 'api', env, stage })
  const { id: projectId } = await client.createProject({ body: { name: 'Bench' } })
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: AT_ONCE })
  stage.onEnd(() => pool.end())
  stage.onEnd(() => agent.destroy())
  await pool.query('CREATE TABLE bare_tasks (LIKE tasks INCLUDING DEFAULTS INCLUDING INDEXES)')
  await pool.query('ALTER TABLE bare_tasks DROP CONSTRAINT IF EXISTS bare_tasks_project_id_number_key')
  await pool.query('DROP INDEX IF EXISTS bare_tasks_project_id_number_idx')

  const post = (tasks: number) =>
    new Promise<void>((resolve, reject) => {
      const body = JSON.stringify({ tasks: Array.from({ length: tasks }, (_, index) => draft(`t${index}`)) })
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': randomUUID(),
      }
      const sent = request(`${url}/api/v1/projects/${projectId}/tasks`, { method: 'POST', agent, headers }, answer => {
        answer.resume()
        answer.on('error', reject)
        answer.on('end', () =>
          answer.statusCode === 201 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const insert = async (tasks: number) => {
    await pool.query(BARE_INSERT, [Array.from({ length: tasks }, () => uuid()), projectId])
  }

  for (const [batch, atOnce, each, than] of [
    [1, AT_ONCE, 'one a request', 'bare INSERT through pg'],
    [BATCH, 2, `${BATCH} a request`, `bare INSERT of ${BATCH} rows`],
  ] as const) {
    const measured = await inTurns(
      ROUNDS,
      { slipway: () => perSecond(batch, atOnce, post), baseline: () => perSecond(batch, atOnce, insert) },
      { withinMs: 9_000 },
    )
    row(`Tasks created over HTTP, ${each}`, 'per s', measured, than)
  }
})

/** Rate at which so many clients at once create tasks. */
async function perSecond(batch: number, atOnce: number, create: (tasks: number) => Promise<void>): Promise<number> {
  let created = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - began < EACH_MS) {
        await create(batch)
        created += batch
      }
    }),
  )
  return (created / (performance.now() - began)) * 1_000
}
