import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PipelineTaskView, renderPipeline } from '../../../shared/domain/pipeline-view.ts'
import { TASK_STATES, type TaskState } from '../../../shared/domain/task-state.ts'
import { anyDag } from './arbitraries.ts'

function task(name: string, state: TaskState, dependsOn: string[] = [], seconds?: number): PipelineTaskView {
  return { name, state, dependsOn, ...(seconds === undefined ? {} : { seconds }) }
}

describe('the pictures that users were shown, to the letter', () => {
  test('two chains while the first tasks are done', () => {
    const tasks = [
      task('refactor auth', 'done', [], 14),
      task('update docs', 'done', [], 7),
      task('write tests', 'active', ['refactor auth']),
    ]
    expect(renderPipeline(tasks)).toBe(`⚡ Pipeline
[✓ refactor auth] ──▶ [● write tests]
[✓ update docs]`)
  })

  test('a linear chain', () => {
    const tasks = [
      task('read code', 'done', [], 3),
      task('write fix', 'done', ['read code'], 20),
      task('run tests', 'active', ['write fix']),
    ]
    expect(renderPipeline(tasks)).toBe(`⚡ Pipeline
[✓ read code] ──▶ [✓ write fix] ──▶ [● run tests]`)
  })

  test('a fan-out', () => {
    const tasks = [
      task('analyze codebase', 'done', [], 8),
      task('refactor auth', 'active', ['analyze codebase']),
      task('update API docs', 'active', ['analyze codebase']),
    ]
    expect(renderPipeline(tasks)).toBe(`⚡ Pipeline (3 tasks)
  ✓ analyze codebase (8s)
  ● refactor auth
  ● update API docs ← analyze codebase`)
  })

  test('a diamond', () => {
    const tasks = [
      task('refactor auth', 'done', [], 12),
      task('update schema', 'done', [], 9),
      task('write integration tests', 'active', ['refactor auth', 'update schema']),
    ]
    expect(renderPipeline(tasks)).toBe(`⚡ Pipeline (3 tasks)
  ✓ refactor auth (12s)
  ✓ update schema (9s)
  ● write integration tests ← refactor auth, update schema`)
  })

  test('a chain that failed in the middle', () => {
    const tasks = [
      task('read code', 'done', [], 3),
      task('run tests', 'failed', ['read code'], 15),
      task('deploy', 'skipped', ['run tests']),
    ]
    expect(renderPipeline(tasks)).toBe(`⚡ Pipeline (3 tasks)
  ✓ read code (3s)
  ✗ run tests (15s)
  ⊘ deploy (skipped)`)
  })
})

describe('while a pipeline runs', () => {
  test('pending tasks have an empty circle', () => {
    const tasks = [task('a', 'active'), task('b', 'queued', ['a'])]
    expect(renderPipeline(tasks)).toBe('⚡ Pipeline\n[● a] ──▶ [○ b]')
  })

  test('a cancelled task says so in the list', () => {
    const tasks = [task('a', 'failed', [], 2), task('b', 'cancelled', [], 2)]
    expect(renderPipeline(tasks)).toBe('⚡ Pipeline (2 tasks)\n  ✗ a (2s)\n  ⊘ b (cancelled)')
  })

  test('what was stopped is told apart without a failure too', () => {
    const tasks = [task('a', 'done', [], 2), task('b', 'cancelled', ['a'], 2), task('c', 'skipped', ['b'])]
    expect(renderPipeline(tasks)).toBe('⚡ Pipeline (3 tasks)\n  ✓ a (2s)\n  ⊘ b (cancelled)\n  ⊘ c (skipped)')
    expect(renderPipeline([task('a', 'cancelled'), task('b', 'active')])).toContain('⊘ a (cancelled)')
    expect(renderPipeline([task('a', 'active'), task('b', 'skipped')])).toContain('⊘ b (skipped)')
  })

  test('seconds stand before the names of prerequisites', () => {
    const tasks = [task('a', 'done', [], 1), task('b', 'done', [], 2), task('c', 'ready', ['a', 'b'], 3.8)]
    expect(renderPipeline(tasks)).toContain('\n  ✓ c (3s) ← a, b')
  })

  test('tasks given before their prerequisites are shown after them', () => {
    const tasks = [task('c', 'queued', ['a']), task('b', 'queued', ['a']), task('a', 'active')]
    expect(renderPipeline(tasks)).toBe('⚡ Pipeline (3 tasks)\n  ● a\n  ○ c\n  ○ b ← a')
  })
})

describe('a view that is asked for', () => {
  const diamond = [
    task('a', 'done', [], 1),
    task('b', 'active', ['a']),
    task('c', 'active', ['a']),
    task('d', 'queued', ['b', 'c']),
    task('e', 'queued', ['d']),
  ]

  test('list shows plain chains as a list', () => {
    expect(renderPipeline([task('a', 'active'), task('b', 'queued', ['a'])], { view: 'list' })).toBe(
      '⚡ Pipeline (2 tasks)\n  ● a\n  ○ b',
    )
  })

  test('chains shows what is no chain with every edge', () => {
    expect(renderPipeline(diamond, { view: 'chains' })).toBe(
      '⚡ Pipeline\n[✓ a] ──▶ [● b]\n[● c ← a]\n[○ d ← b, c] ──▶ [○ e]',
    )
  })

  test('ASCII has no other character, in names neither', () => {
    const tasks = [task('Überblick ✨', 'done', [], 4), task('b', 'failed', ['Überblick ✨'], 1), task('c', 'skipped')]
    expect(renderPipeline(tasks, { ascii: true })).toBe(
      'Pipeline (3 tasks)\n  + Uberblick ? (4s)\n  x b (1s)\n  - c (skipped)',
    )
    expect(renderPipeline([task('a', 'active'), task('b', 'queued', ['a'])], { ascii: true })).toBe(
      'Pipeline\n[* a] --> [o b]',
    )
    expect(renderPipeline(diamond, { ascii: true })).toContain('  o d <- b, c')
  })

  test('a name cannot forge lines or commands to a terminal', () => {
    const name = `a\n  ✓ forged ${String.fromCharCode(27)}[2J\u202e`
    expect(renderPipeline([task(name, 'active'), task('b', 'active')])).toBe('⚡ Pipeline\n[● a ✓ forged [2J]\n[● b]')
  })
})

describe('whatever the graph and the states', () => {
  const anyTasks = fc
    .tuple(anyDag(8, 1), fc.array(fc.constantFrom(...TASK_STATES), { minLength: 8, maxLength: 8 }))
    .map(([graph, states]) =>
      [...graph].map(([key, prerequisites]) =>
        task(
          `t${key}`,
          states[key]!,
          prerequisites.map(one => `t${one}`),
          key,
        ),
      ),
    )
  const edgesOf = (tasks: PipelineTaskView[]) =>
    tasks.flatMap(({ name, dependsOn }) => dependsOn.map(one => `${one} ${name}`)).toSorted()

  test('a list can be read back: each task once and no edge lost or invented', () => {
    fc.assert(
      fc.property(anyTasks, tasks => {
        const [head, ...lines] = renderPipeline(tasks, { view: 'list', ascii: true }).split('\n')
        expect(head).toContain(`(${tasks.length} task`)
        const names = lines.map(line => /^ {2}[o*+x-] (t\d+)/.exec(line)![1]!)
        expect(names.toSorted()).toEqual(tasks.map(({ name }) => name).toSorted())
        for (const [index, line] of lines.entries()) {
          const shown = / <- (.*)$/.exec(line)?.[1]?.split(', ')
          const wanted = tasks.find(({ name }) => name === names[index])!.dependsOn
          if (shown) expect(shown).toEqual(wanted)
          else expect(wanted.length === 0 || (wanted.length === 1 && wanted[0] === names[index - 1])).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('chains can be read back just so', () => {
    fc.assert(
      fc.property(anyTasks, tasks => {
        const [, ...lines] = renderPipeline(tasks, { view: 'chains', ascii: true }).split('\n')
        const edges = lines.flatMap(line =>
          line.split(' --> ').flatMap((box, index, boxes) => {
            const name = (text: string) => /^\[[o*+x-] (t\d+)/.exec(text)![1]!
            const named = / <- (.*)\]$/.exec(box)?.[1]?.split(', ') ?? []
            return [...named, ...(index > 0 ? [name(boxes[index - 1]!)] : [])].map(one => `${one} ${name(box)}`)
          }),
        )
        expect(edges.toSorted()).toEqual(edgesOf(tasks))
      }),
      { numRuns: 300 },
    )
  })

  test('chains are chosen exactly while they tell every edge by arrows alone and nothing has failed or was stopped', () => {
    fc.assert(
      fc.property(anyTasks, tasks => {
        const view = renderPipeline(tasks)
        const asChains = renderPipeline(tasks, { view: 'chains' })
        const forks = new Set(tasks.flatMap(({ dependsOn }) => dependsOn)).size < edgesOf(tasks).length
        const joins = tasks.some(({ dependsOn }) => dependsOn.length > 1)
        const ended = tasks.some(({ state }) => ['failed', 'cancelled', 'skipped', 'dismissed'].includes(state))
        expect(view === asChains).toBe(!forks && !joins && !ended)
      }),
    )
  })
})
