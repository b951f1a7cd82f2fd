import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { renderPipeline } from '../../../../shared/domain/pipeline-view.ts'
import { limitsHold } from '../../../support/checks/limit-rules.ts'
import { draft } from '../../../support/engine.ts'
import { eventually } from '../../../support/eventually.ts'
import { readHistory } from '../../../support/history.ts'
import { failing, golden } from '../../../support/pictures.ts'
import { firstCall, pictured, SHAPES, type Shape, SIX } from '../../../support/pipelines.ts'
import { file, parallel, plan, say, sh } from '../../../support/runbook.ts'
import { isSoak } from '../../../support/scale.ts'
import { openShop } from './support.ts'

const shop = openShop()

/** Sub-agents of a shape: each adds a line to a file of its own, and says what it found of those before it. */
const stepsOf = (shape: Shape, blocks: Record<string, string> = {}) =>
  Object.entries(shape).map(([name, depends_on]) => ({
    name,
    depends_on,
    prompt: blocks[name] ?? plan(sh(`cat *.txt 2>/dev/null; echo ${name} > ${name}.txt`), say(`${name} was here`)),
  }))

/** Who fails of the six; without containers the store's own test goes through all of them in every run. */
const FAILING = isSoak ? Object.keys(SIX) : ['c']

describe('sub-agents', { concurrent: true, timeout: 400_000 }, () => {
  test.each(Object.entries(SHAPES))(
    '%s: each on the work of those it depends on, all of it in the task',
    async (_, shape) => {
      const { accepted, until, row, db, changed, thread, store } = shop()
      const block = parallel(...stepsOf(shape))
      const { project, ids } = await accepted([draft('parent', [], { plan: plan(block, file('own.txt', 'own')) })])
      const parent = await until(ids[0]!, 'ready')
      const names = Object.keys(shape)
      expect(await changed(project.id, parent.baseSha!, parent.headSha!)).toEqual(
        [...names, 'own'].map(name => `+${name}.txt`),
      )

      const outcome = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
      expect(outcome.tasks.map(({ name, state }) => [name, state])).toEqual(names.map(name => [name, 'done']))
      const byName = new Map(outcome.tasks.map(task => [task.name, task]))
      for (const { id, name, dependsOn, baseSha, headSha } of outcome.tasks) {
        const [first] = await thread(id)
        const told = dependsOn.map(other => {
          const { output, activeSeconds } = byName.get(other)!
          return `[Context from completed task "${other}" (${Math.floor(activeSeconds)}s)]\n${output}\n\n`
        })
        const { prompt } = stepsOf(shape).find(step => step.name === name)!
        expect(first?.text).toBe(told.length > 0 ? `${told.join('')}[Your task]\n${prompt}` : prompt)
        // Nothing but its own file comes on top of what its prerequisites made.
        expect(await changed(project.id, baseSha!, headSha!)).toEqual([`+${name}.txt`])
        expect(await row(id)).toMatchObject({ branch: null, checkStatus: null, iterations: 2, number: null })
      }

      const step = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
      expect(step.result.startsWith(`${renderPipeline(pictured(outcome))}\n\n[Output of task "${names[0]}" (`)).toBe(
        true,
      )
      for (const { name, output } of outcome.tasks) {
        expect(step.result).toContain(`[Output of task "${name}" (`)
        expect(step.result).toContain(output)
      }
      expect(step.result).toMatch(/Merged into your work tree, in this order: "a"/)
      expect(parent.output).toContain(`ran in parallel: ${names.join(', ')}`)
    },
  )

  test.each(FAILING)('that fail stop those that have not started: %s of six', async name => {
    const { accepted, until, db, store, changed } = shop()
    const steps = stepsOf(SIX, { [name]: sh('echo broken; exit 3') })
    const { project, ids } = await accepted([draft('parent', [], { plan: parallel(...steps) })], {
      settings: { maxParallel: 1 },
    })
    const parent = await until(ids[0]!, 'failed')
    expect(parent).toMatchObject({ failureCode: 'agent_failed' })
    const outcome = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
    expect(renderPipeline(pictured(outcome, 1))).toBe(golden(failing(name)))

    const { result } = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
    expect(result).toMatch(new RegExp(`^Error: The pipeline stopped, as "${name}" failed\\.`))
    expect(result).toContain(renderPipeline(pictured(outcome)))
    expect(result).toMatch(new RegExp(`\\[Failure of task "${name}" \\(\\d+s\\)\\]\n.*failed: exit 3`))
    // What was finished before is kept.
    const done = outcome.tasks.filter(({ state }) => state === 'done').map(each => `+${each.name}.txt`)
    expect(await changed(project.id, parent.baseSha!, parent.headSha ?? parent.baseSha!)).toEqual(done)
  })

  test('that run when another fails are cancelled at once, and the task can try again what is left', async () => {
    const { accepted, until, store, sandbox, say: tell, row, changed } = shop()
    const block = parallel(
      { name: 'quick', prompt: file('quick.txt', 'quick') },
      { name: 'slow', prompt: plan(file('slow.txt', 'slow'), sh('sleep 1000')) },
      { name: 'bad', prompt: sh('exit 3'), depends_on: ['quick'] },
      { name: 'after', prompt: sh('true'), depends_on: ['slow', 'bad'] },
    )
    const { project, ids } = await accepted([draft('parent', [], { plan: plan(block, file('end.txt', 'end')) })])
    const parent = await until(ids[0]!, 'failed')
    const { tasks } = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
    expect(tasks.map(({ name, state }) => [name, state])).toEqual([
      ['quick', 'done'],
      ['slow', 'cancelled'],
      ['bad', 'failed'],
      ['after', 'skipped'],
    ])
    await eventually(
      async () => {
        const ids = (await sandbox.list()).map(({ taskId }) => taskId)
        expect(ids).not.toContain(tasks[1]!.id)
      },
      { timeoutMs: 20_000 },
    )
    await tell(
      ids[0]!,
      plan(parallel({ name: 'x', prompt: file('x.txt', 'x') }, { name: 'y', prompt: sh('cat quick.txt') })),
    )
    const again = await until(ids[0]!, 'ready')
    expect((await row(ids[0]!)).attempt).toBe(2)
    expect(await changed(project.id, again.baseSha!, again.headSha!)).toEqual(['+quick.txt', '+x.txt'])
  })

  test('whose changes do not fit together leave the conflict to the task, told with its files', async () => {
    const { accepted, until, db, git } = shop()
    const block = parallel(
      { name: 'left', prompt: file('wall.txt', 'red') },
      { name: 'right', prompt: file('wall.txt', 'blue') },
      { name: 'door', prompt: file('door.txt', 'door') },
    )
    const { project, ids } = await accepted([draft('parent', [], { plan: block })], {
      files: { 'wall.txt': 'white\n' },
    })
    const parent = await until(ids[0]!, 'failed')
    const { result } = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
    expect(result).toMatch(/^Error: The changes of these tasks conflict .*:\n- "right": wall\.txt\n.*<<<<<<</)
    const { files } = await git.diff(project.id, { base: parent.baseSha!, head: parent.headSha! })
    expect(files.map(({ path, hunks }) => [path, hunks.flatMap(({ lines }) => lines)])).toEqual([
      ['door.txt', ['+door']],
      [
        'wall.txt',
        [
          '-white',
          expect.stringMatching(/^\+<<<<<<< [0-9a-f]{40}$/),
          '+red',
          '+=======',
          '+blue',
          expect.stringMatching(/^\+>>>>>>> [0-9a-f]{40}$/),
        ],
      ],
    ])
  })

  test('start inside a conflict of their prerequisites, are told of it, and what they settle stays settled', async () => {
    const { accepted, until, store, thread, changed, git, db } = shop()
    const block = parallel(
      { name: 'left', prompt: file('wall.txt', 'red') },
      { name: 'right', prompt: file('wall.txt', 'blue') },
      {
        name: 'settle',
        prompt: sh('grep -q "<<<<<<<" wall.txt && echo purple > wall.txt'),
        depends_on: ['left', 'right'],
      },
    )
    const { project, ids } = await accepted([draft('parent', [], { plan: block })], {
      files: { 'wall.txt': 'white\n' },
    })
    const parent = await until(ids[0]!, 'ready')
    const { tasks } = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
    const [first] = await thread(tasks[2]!.id)
    expect(first?.text).toMatch(
      /\n\n\[Your task\]\nThe changes of these tasks conflict .*:\n- "right": wall\.txt\n[^\n]*Settle them before you go on\.\n\n```sh\n/,
    )
    const { files } = await git.diff(project.id, { base: parent.baseSha!, head: parent.headSha! })
    expect(files.flatMap(({ hunks }) => hunks.flatMap(({ lines }) => lines))).toEqual(['-white', '+purple'])
    expect(await changed(project.id, parent.baseSha!, parent.headSha!)).toEqual(['~wall.txt'])
    const { result } = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
    expect(result).not.toMatch(/Error:|conflict/)
  })

  test('that leave a conflict of their prerequisites as it is hand it on, to those after them and to the task', async () => {
    const { accepted, until, store, thread, db } = shop()
    const block = parallel(
      { name: 'left', prompt: file('wall.txt', 'red') },
      { name: 'right', prompt: file('wall.txt', 'blue') },
      { name: 'door', prompt: file('door.txt', 'door'), depends_on: ['left', 'right'] },
      { name: 'roof', prompt: file('roof.txt', 'roof'), depends_on: ['door'] },
    )
    const { ids } = await accepted([draft('parent', [], { plan: block })], { files: { 'wall.txt': 'white\n' } })
    const parent = await until(ids[0]!, 'failed')
    const { tasks } = (await store.pipelineOf(ids[0]!, firstCall(parent)))!
    const [door] = await thread(tasks[2]!.id)
    expect(door?.text).toMatch(/\n\[Your task\]\nThe changes of these tasks conflict .*:\n- "right": wall\.txt\n/)
    const [roof] = await thread(tasks[3]!.id)
    expect(roof?.text).toMatch(/\n\[Your task\]\nThe changes of these tasks conflict .*:\n- "door": wall\.txt\n/)
    const { result } = await db.prisma.step.findFirstOrThrow({ where: { taskId: ids[0]!, tool: 'parallel' } })
    expect(result).toMatch(/^Error: The changes of these tasks conflict .*:\n- "right": wall\.txt\n.*<<<<<<</)
    expect(result).toMatch(/Merged into your work tree, in this order: "left", "right", "door", "roof"\.$/)
  })

  test('give at most 50 KB each, to those that depend on them and to the task', async () => {
    const { accepted, until, store, thread, db } = shop()
    const long = 'é'.repeat(45_000)
    const block = parallel(
      { name: 'talk', prompt: plan(sh('true'), say(long)) },
      { name: 'listen', prompt: sh('true'), depends_on: ['talk'] },
    )
    const { ids } = await accepted([draft('parent', [], { plan: block })])
    const parent = await until(ids[0]!, 'ready')
    const [talk, listen] = (await store.pipelineOf(ids[0]!, firstCall(parent)))!.tasks
    const bytes = Buffer.byteLength(talk!.output!)
    expect(bytes).toBeGreaterThan(LIMITS.task.outputBytes - 10)
    expect(bytes).toBeLessThanOrEqual(LIMITS.task.outputBytes)
    expect(talk!.output).toMatch(/é\n\[Output cut at 50 KB: it had \d+ bytes\]$/)
    const [first] = await thread(listen!.id)
    expect(first?.text).toContain(`\n${talk!.output}\n\n[Your task]\n`)
    const answered = await db.prisma.message.findFirstOrThrow({ where: { threadId: parent.threadId, role: 'tool' } })
    expect((answered.parts as { text: string }[])[0]?.text).toContain(talk!.output)
  })

  test.each([
    ['core', SHAPES['8 wide']],
    ['1', SHAPES.diamond],
  ] as const)('of two tasks at once all get their turn under plan %s', async (plan, shape) => {
    const { repository, store, db, until, changed } = shop()
    const project = await repository({ 'README.md': '# Test\n' }, { plan })
    const block = parallel(...stepsOf(shape))
    const ids = await store.createDrafts(project.id, [
      draft('left', [], { plan: block }),
      draft('right', [], { plan: block }),
    ])
    await store.accept(project.id)
    for (const id of ids) {
      const { baseSha, headSha } = await until(id, 'ready')
      expect(await changed(project.id, baseSha!, headSha!)).toEqual(Object.keys(shape).map(name => `+${name}.txt`))
    }
    const history = await readHistory(db)
    const own = new Set(
      history.projects.filter(({ id }) => id === project.id).map(({ organizationId }) => organizationId),
    )
    expect(limitsHold({ ...history, organizations: history.organizations.filter(({ id }) => own.has(id)) })).toEqual([])
    expect(await db.prisma.task.count({ where: { parentTaskId: { in: ids }, state: 'done' } })).toBe(
      2 * Object.keys(shape).length,
    )
  })

  test('of the main thread bring their work to main with its turn', async () => {
    const { repository, store, db, main, changed } = shop()
    const project = await repository({ 'README.md': '# Test\n' })
    const before = await main(project.id)
    await store.postMessage(project.mainThreadId, parallel(...stepsOf(SHAPES.diamond)), 'build')
    await eventually(
      async () => {
        expect(await main(project.id)).not.toBe(before)
        const turn = await db.prisma.task.findUniqueOrThrow({ where: { threadId: project.mainThreadId } })
        expect({ state: turn.state, failure: turn.failureText }).toEqual({ state: 'ready', failure: null })
      },
      { timeoutMs: 120_000 },
    )
    expect(await changed(project.id, before, await main(project.id))).toEqual(['+a.txt', '+b.txt', '+c.txt'])
    const children = await db.prisma.task.findMany({ where: { projectId: project.id, kind: 'pipeline' } })
    expect(children.map(({ state, number }) => [state, number])).toEqual(Array(3).fill(['done', null]))
  })

  test('begin on the changes that their task has made, and it goes on with theirs', async () => {
    const { accepted, until, changed } = shop()
    const block = parallel(
      { name: 'one', prompt: sh('cat before.txt && echo one > one.txt') },
      { name: 'two', prompt: sh('cat before.txt && git log --oneline | grep -q . && echo two > two.txt') },
    )
    const after = sh('cat before.txt one.txt two.txt > after.txt')
    const { project, ids } = await accepted([
      draft('parent', [], { plan: plan(file('before.txt', 'x'), block, after) }),
    ])
    const parent = await until(ids[0]!, 'ready')
    expect(await changed(project.id, parent.baseSha!, parent.headSha!)).toEqual(
      ['after', 'before', 'one', 'two'].map(name => `+${name}.txt`),
    )
  })
})
