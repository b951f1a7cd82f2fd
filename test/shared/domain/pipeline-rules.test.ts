import fc from 'fast-check'
import { expect, test } from 'vitest'
import { depth } from '../../../shared/domain/graph.ts'
import { type PipelineRequestTask, validatePipeline } from '../../../shared/domain/pipeline-rules.ts'
import { anyGraph, closure } from './arbitraries.ts'

function ask(name: string, ...depends_on: string[]): PipelineRequestTask {
  return { name, prompt: 'Do it.', depends_on }
}

const messages = (tasks: PipelineRequestTask[]) => validatePipeline(tasks).map(({ message }) => message)

test('two to eight tasks, four deep, are accepted', () => {
  expect(validatePipeline([ask('a'), { name: 'b', prompt: 'Do it.' }])).toEqual([])
  expect(validatePipeline('abcdefgh'.split('').map(name => ask(name)))).toEqual([])
  expect(validatePipeline([ask('a'), ask('b', 'a'), ask('c', 'b'), ask('d', 'c', 'a')])).toEqual([])
})

test('one task or nine are refused with both limits', () => {
  expect(messages([ask('a')])[0]).toMatch(/^A pipeline has 2 to 8 tasks, this one has 1/)
  expect(messages([])[0]).toContain('2 to 8 tasks, this one has 0')
  expect(messages('abcdefghi'.split('').map(name => ask(name)))[0]).toContain('2 to 8 tasks, this one has 9')
})

test('a chain of five is refused with the limit and the chain', () => {
  const tasks = [ask('a'), ask('b', 'a'), ask('c', 'b'), ask('d', 'c'), ask('e', 'd')]
  expect(messages(tasks)).toEqual([
    'The longest dependency chain may have 4 tasks, this one has 5: "a" then "b" then "c" then "d" then "e"',
  ])
})

test('a circle is refused and shown', () => {
  expect(messages([ask('a', 'b'), ask('b', 'a')])).toEqual([
    'Circular dependency: "a" depends on "b", "b" depends on "a"',
  ])
  expect(messages([ask('a', 'a'), ask('b')])).toEqual(['Circular dependency: "a" depends on "a"'])
})

test('an unknown prerequisite is refused with the names there are', () => {
  expect(validatePipeline([ask('a'), ask('b', 'x')])).toEqual([
    {
      path: 'tasks[1].depends_on',
      message: 'Task "b" depends on "x", which is no task of this pipeline: its tasks are "a", "b"',
    },
  ])
})

test('a name used twice, an empty name and an empty prompt are refused where they stand', () => {
  const problems = validatePipeline([ask('a'), ask('a'), { name: ' ', prompt: '\n' }])
  expect(problems.map(({ path }) => path)).toEqual(['tasks[2].name', 'tasks[2].prompt', 'tasks[1].name'])
})

test('a name that is too long is refused with the limit', () => {
  expect(messages([ask('a'), ask('b'.repeat(201))])).toEqual(['A name may have 200 characters, this one has 201'])
})

test('a request is accepted exactly where size, depth and circles allow it', () => {
  fc.assert(
    fc.property(anyGraph(10), graph => {
      const tasks = [...graph].map(([key, prerequisites]) => ask(String(key), ...prerequisites.map(String)))
      const cyclic = [...closure(graph)].some(([key, reach]) => reach.has(key))
      const fine = graph.size >= 2 && graph.size <= 8 && !cyclic && depth(graph) <= 4
      expect(validatePipeline(tasks).length === 0).toBe(fine)
    }),
    { numRuns: 500 },
  )
})

test('whatever names are asked for, the answer is problems and never a throw', () => {
  const name = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', 'constructor', 'a', 'b'))
  const anyTask = fc.record({ name, prompt: fc.string(), depends_on: fc.array(name, { maxLength: 3 }) })
  fc.assert(
    fc.property(fc.array(anyTask, { maxLength: 10 }), tasks => {
      for (const { path, message } of validatePipeline(tasks)) expect(path.length * message.length).toBeGreaterThan(0)
    }),
    { numRuns: 500 },
  )
})
