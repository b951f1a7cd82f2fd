import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTools } from '../../../../services/runner/tools/index.ts'
import { readCalls } from '../../../../services/worker/models/calls.ts'
import type { RunDeps } from '../../../../services/worker/run/deps.ts'
import { createOpenReply } from '../../../../services/worker/run/open-reply.ts'
import { createToolbox } from '../../../../services/worker/tools/toolbox.ts'
import { defaultSettings } from '../../../../shared/contract/project.ts'
import { RESULT_CHARS } from '../../../../shared/contract/runner.ts'
import {
  AGENT_TOOLS,
  CONTAINER_TOOLS,
  isToolName,
  parseToolArgs,
  TOOL_NAMES,
} from '../../../../shared/contract/tools.ts'
import type { Claim } from '../../../../shared/runtime/task-store/types.ts'
import { scale, seed } from '../../../support/scale.ts'
import { openedWorkspace } from '../../runner/support.ts'

/** Of all tools together. */
const TRIES = scale(100_000)
const options = (share: number) => ({ numRuns: Math.ceil(TRIES * share), seed: seed() })

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('a', '\u0000', '\ud800', '../', '/', '\\', '*', '[', '(', ')', '$', '\n', '𝒳', '-', ':'),
  }),
  fc.constantFrom(
    ...['', '.', '..', '../..', 'a.txt', 'src', 'src/b.txt', 'link/x', '.git/config', '~', '--help', ':(top)', '**/*'],
    ...['-e', '(?R)', '(a+)+$', '\\', '[z-a]', '\\p{Nope}', '(?<n>', 'x{999999}', '.git/../../x'],
  ),
)
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined, [], {}, [[[]]], 1e308, -0, 'x'.repeat(300_000)) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
)
const keys = [...new Set(TOOL_NAMES.flatMap(name => Object.keys(AGENT_TOOLS[name].args.shape)))]
const inner = [
  'key',
  'title',
  'description',
  'plan',
  'doneWhen',
  'dependsOn',
  'priority',
  'name',
  'prompt',
  'depends_on',
]
const record = (names: readonly string[]) =>
  fc.dictionary(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: text }), value, {
    maxKeys: 8,
  })

/** Arguments as a model may make them up: near what the schemas ask for, or anything at all. */
const madeUp: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: record(keys) },
  {
    weight: 3,
    arbitrary: fc.record({
      tasks: fc.array(record(inner), { maxLength: 10 }),
      remove: fc.array(value, { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: value },
  { weight: 1, arbitrary: fc.constant(JSON.parse('{"__proto__": {"command": "x"}, "constructor": 1, "toString": 2}')) },
)
/** Values as the schemas ask for them, of any content. */
const PLAUSIBLE: Record<string, fc.Arbitrary<unknown>> = {
  timeoutSeconds: fc.double({ min: 0, max: 700 }),
  offset: fc.integer({ min: 0, max: 10 }),
  limit: fc.integer({ min: 0, max: 3_000 }),
  replaceAll: fc.boolean(),
  options: fc.array(text, { maxLength: 3 }),
  parameters: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
  name: fc.oneof(text, fc.constantFrom('count_words', 'bash', 'x')),
  remove: fc.array(text, { maxLength: 2 }),
  tasks: fc.array(
    fc.record(
      Object.fromEntries(inner.map(key => [key, key.startsWith('depends') ? fc.array(text, { maxLength: 2 }) : text])),
      { requiredKeys: [] },
    ),
    { maxLength: 4 },
  ),
}

/** A call of a tool with the arguments that it has, some of them left out; or with anything. */
const callOf = (name: string): fc.Arbitrary<{ name: string; args: unknown }> => {
  const shape = isToolName(name) ? Object.keys(AGENT_TOOLS[name].args.shape) : []
  const plausible = fc.record(Object.fromEntries(shape.map(key => [key, PLAUSIBLE[key] ?? text])), {
    requiredKeys: shape.slice(0, 2),
  })
  return fc.record({ name: fc.constant(name), args: fc.oneof(plausible, madeUp) })
}

const toolName = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom<string>(...TOOL_NAMES) },
  { weight: 1, arbitrary: fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', 'mcp_a_b')) },
)

const storable = (result: string) => result.isWellFormed() && !result.includes('\u0000')

/** Says that a call has come as far as the store or the container: its arguments were right. */
class Reached extends Error {}
const reach = () => Promise.reject(new Reached())
const store = new Proxy({}, { get: () => reach })
const exec = reach

test('whatever a model makes up as a call, the worker answers it or carries it out', async () => {
  const settings = { ...defaultSettings('anthropic:a'), consultModel: 'anthropic:b' }
  const runs = [
    { kind: 'board', mode: null },
    { kind: 'pipeline', mode: null },
    { kind: 'turn', mode: 'plan' },
    { kind: 'turn', mode: 'build' },
  ] as const
  const toolboxes = runs.map(run => {
    const claim = { ...run, settings, taskId: 'task' } as unknown as Claim
    const deps = { store, prices: store, log: {} } as unknown as RunDeps
    return { claim, toolbox: createToolbox(deps, claim) }
  })
  const counts = { refused: 0, answered: 0, routed: 0, reached: 0 }
  const call = fc.record({
    id: text,
    made: toolName.chain(callOf),
    invalid: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: text }),
  })
  await fc.assert(
    fc.asyncProperty(fc.nat(runs.length - 1), fc.array(call, { minLength: 1, maxLength: 4 }), async (which, raw) => {
      const { claim, toolbox } = toolboxes[which]!
      const asMade = raw.map(({ id, made, invalid }) => ({ id, name: made.name, input: made.args, invalid }))
      const calls = readCalls(asMade, toolbox.specs(), new Set())
      const reply = createOpenReply({ attempt: 1, iteration: 1, seq: 1, ageMs: 0, journal: [] }, calls, toolbox)
      const routed = [...reply.runnable]
      for (let next = reply.nextParking(); next; next = reply.nextParking()) {
        routed.push(next)
        reply.answer(next.key.callIndex, { text: '', ms: 0 })
      }
      for (const { key, call: made, route } of routed) {
        counts.routed++
        if (route.where !== 'worker') continue
        const { signal } = new AbortController()
        const context = { claim, key, seq: 1, sinceAsked: () => 1, sha: 'a'.repeat(40), exec, signal }
        const outcome = await route.tool.run(made.args, context).catch((error: unknown) => {
          if (error instanceof Reached) return 'reached' as const
          throw error
        })
        if (outcome === 'reached') counts.reached++
        else if (outcome.kind === 'result') {
          counts.answered++
          expect(outcome.text).toMatch(/^Error: /)
          expect(storable(outcome.text)).toBe(true)
        }
      }
      const { steps, results } = reply.end()
      counts.refused += calls.filter(({ error }) => error !== undefined).length
      expect(results.results).toHaveLength(raw.length)
      for (const { result, summary } of steps) expect(storable(result) && storable(summary)).toBe(true)
    }),
    options(0.25),
  )
  for (const [what, count] of Object.entries(counts)) {
    expect({ what, enough: count > TRIES / 100 }).toEqual({ what, enough: true })
  }
})

test.each(TOOL_NAMES)('arguments of %s that are wrong are named in words of bounded length', name => {
  const tries = { right: 0, wrong: 0 }
  fc.assert(
    fc.property(madeUp, args => {
      const parsed = parseToolArgs(name, args)
      if (parsed.ok) tries.right++
      else {
        tries.wrong++
        expect(parsed.error.length).toBeLessThan(10_000)
        expect(parsed.error).toMatch(new RegExp(`^Error: the arguments of ${name} are wrong: `))
      }
    }),
    options(0.5 / TOOL_NAMES.length),
  )
  expect(tries.wrong).toBeGreaterThan(0)
})

test('whatever reaches the runner is answered with a text that the worker takes', async () => {
  const { root, workspace } = await openedWorkspace({ 'a.txt': 'hello\n', 'src/b.txt': 'deep\n' })
  let commands = 0
  const runCommand = async ({ command }: { command: string }) => {
    commands++
    return { output: command, exitCode: 0, ms: 1, end: 'exit' as const, oom: false, strays: [] }
  }
  const runTool = createTools({ root, git: workspace.git, runCommand })
  const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom<string>(...CONTAINER_TOOLS) }, toolName)
  await fc.assert(
    fc.asyncProperty(name.chain(callOf), async call => {
      const outcome = await runTool(call)
      expect(typeof outcome.text).toBe('string')
      expect(outcome.text.length).toBeLessThan(RESULT_CHARS)
      expect(outcome.ms).toBeGreaterThanOrEqual(0)
    }),
    options(0.25),
  )
  expect(commands).toBeGreaterThan(TRIES / 1_000)
}, 600_000)
