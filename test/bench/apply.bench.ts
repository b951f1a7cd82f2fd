import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createHintListener } from '../../shared/runtime/hints.ts'
import { connectRedis } from '../../shared/runtime/redis.ts'
import { draft, type Project } from '../support/engine.ts'
import { startWorkshop, type Workshop } from '../support/workshop.ts'
import { type Bench, bench, inTurns, timed } from './measure.ts'
import { sourceFiles } from './source-files.ts'

const run = promisify(execFile)
const ROUNDS = 25

const BARE_APPLY = `set -e
main=$(git rev-parse refs/heads/main)
tree=$(git merge-tree --write-tree "$main" "$1")
merge=$(git commit-tree "$tree" -p "$main" -p "$1" -m "Merge")
git update-ref refs/heads/main "$merge" "$main"`

const IDENTITY = {
  PATH: process.env.PATH,
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@localhost',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@localhost',
}

/** From asking for an apply to the task's end in main, beside the same merge by a shell script in a copy of the repository. */
await bench('apply', async ({ stage, row }) => {
  const shop = await startWorkshop({}, stage)
  const project = await shop.repository(sourceFiles(300))
  const heads = await sideBranches(shop, project)
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'))
  stage.onEnd(() => rm(folder, { recursive: true, force: true }))
  const copy = join(folder, 'bare.git')
  await cp(repositoryOf(shop, project), copy, { recursive: true })
  const slipway = await applies(shop, project, heads, stage)
  let next = 0
  const baseline = () =>
    timed(() => run('sh', ['-c', BARE_APPLY, 'sh', heads[next++]!], { env: { ...IDENTITY, GIT_DIR: copy } }))
  const measured = await inTurns(ROUNDS, { slipway, baseline }, { withinMs: 12_000 })
  row('Clean apply to main, without checks', 'ms', measured, 'bare merge-tree + update-ref in a shell')
})

function repositoryOf(shop: Workshop, project: Project): string {
  return join(shop.repositories, `${project.id}.git`)
}

/** Commits on main that change a file each; gives their names. */
async function sideBranches(shop: Workshop, project: Project): Promise<string[]> {
  const gitDir = repositoryOf(shop, project)
  const refs = Array.from({ length: ROUNDS + 1 }, (_, index) => `refs/slipway/bench/e${index}`)
  const commits = refs.map(
    (ref, index) =>
      `commit ${ref}\ncommitter Bench <bench@localhost> 1790000000 +0000\ndata 4\nside\nfrom refs/heads/main^0\n` +
      `M 644 inline src/file-${index}.ts\ndata 7\nchange\n\n`,
  )
  const importing = run('git', ['--git-dir', gitDir, 'fast-import', '--quiet'])
  importing.child.stdin?.end(`${commits.join('')}done\n`)
  await importing
  const { stdout } = await run('git', ['--git-dir', gitDir, 'rev-parse', ...refs])
  return stdout.trim().split('\n')
}

/** Brings one more head into main each time, as the work of a task that is ready. */
async function applies(
  shop: Workshop,
  project: Project,
  heads: readonly string[],
  stage: Bench['stage'],
): Promise<() => Promise<number>> {
  const { store, db, names, log } = shop
  let ready = () => {}
  await shop.startWorker(async claim => {
    await store.open(claim, { baseSha: '1'.repeat(40), prompt: claim.title })
    await store.ready(claim, { headSha: heads[claim.number! - 1]!, branch: `tasks/${claim.number!}`, output: 'did it' })
    ready()
  })
  await shop.startApplies()
  const listener = createHintListener({ redis: connectRedis(shop.redisUrl, { log }), log })
  stage.onEnd(() => listener.close())
  let changed = () => {}
  listener.listen(names.channels.project(project.id), () => changed())
  return async () => {
    const isReady = new Promise<void>(resolve => {
      ready = resolve
    })
    const [id = ''] = await store.createDrafts(project.id, [draft('task')])
    await store.accept(project.id, [id])
    await isReady
    return timed(async () => {
      const isDone = new Promise<void>((resolve, reject) => {
        changed = () => {
          db.prisma.task.findUniqueOrThrow({ where: { id } }).then(({ state, failureText }) => {
            if (state === 'done') resolve()
            else if (state === 'ready' && failureText) reject(new Error(failureText))
          }, reject)
        }
      })
      await store.requestApply(id)
      await isDone
    })
  }
}
