import { randomUUID } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { Deadlines } from '../../../../services/worker/runner-link/deadlines.ts'
import { RunnerLost, RunnerViolation } from '../../../../services/worker/runner-link/errors.ts'
import { openRunner } from '../../../../services/worker/runner-link/open-runner.ts'
import type { NextRequest, Runner, RunnerHandlers } from '../../../../services/worker/runner-link/types.ts'
import type { Container, ContainerExit } from '../../../../services/worker/sandbox/types.ts'
import { createDecoder, createEncoder, type Frame, WORKER_MESSAGE_BYTES } from '../../../../shared/contract/frames.ts'
import type { Turn } from '../../../../shared/contract/runner.ts'
import { eventually } from '../../../support/eventually.ts'
import { silentLog } from './task-in-container.ts'

const BASE = 'b'.repeat(40)
const NEW = 'c'.repeat(40)
const STOP: Turn = { kind: 'stop' }

const call = (index: number, where: 'container' | 'worker' = 'container') => ({
  index,
  id: `id-${index}`,
  name: 'bash',
  args: { timeoutSeconds: 1 },
  where,
})
const turnOf = (...calls: ReturnType<typeof call>[]): Turn => ({ kind: 'calls', iteration: 0, calls })
const result = (index: number) => ({ type: 'result', index, id: `id-${index}`, text: 'ok', ms: 1 })
const next = (id: number, more: object = {}) => ({ type: 'next', id, iteration: id, ...more })
const opened = { type: 'opened', id: 0, files: 1 }
const checkpoint = { sha: NEW, parent: BASE }

/** A container whose main process the test plays: any bytes at any time. */
function playedContainer() {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const encoder = createEncoder()
  const decoder = createDecoder(WORKER_MESSAGE_BYTES)
  const heard: Frame[] = []
  const exit = Promise.withResolvers<ContainerExit>()
  let removals = 0
  stdin.on('data', chunk => heard.push(...decoder.push(chunk)))
  const container: Container = {
    id: 'played',
    stdin,
    stdout,
    stderr: Readable.from([]),
    exited: exit.promise,
    startProcess: async () => Promise.reject(new Error('nothing runs in here')),
    remove: async () => {
      removals++
      exit.resolve({ code: 137, oomKilled: false })
    },
  }
  return {
    container,
    removals: () => removals,
    exit: (how: ContainerExit) => {
      exit.resolve(how)
      stdout.end()
    },
    say: (...messages: object[]) => stdout.write(Buffer.concat(messages.flatMap(each => encoder.message(each)))),
    bytes: (...pieces: string[]) =>
      stdout.write(Buffer.concat(pieces.flatMap(piece => encoder.bytes(Buffer.from(piece))))),
    /** Waits until the worker has said so many things. */
    heard: (count: number) =>
      eventually(() => {
        expect(heard.length).toBeGreaterThanOrEqual(count)
        return heard.map(frame => (frame.kind === 'json' ? frame.value : frame.payload)) as { type: string }[]
      }),
  }
}

type Scene = {
  readOnly?: boolean
  deadlines?: Partial<Deadlines>
  handlers?: Partial<RunnerHandlers>
  turn?: Turn
  signal?: AbortSignal
}
type Played = ReturnType<typeof playedContainer>

function opening({ deadlines, handlers, turn = STOP, signal, readOnly = false }: Scene = {}): {
  played: Played
  opening: Promise<Runner>
} {
  const played = playedContainer()
  const opens = openRunner(played.container, {
    base: { sha: BASE, bundle: null },
    open: { taskId: randomUUID(), epoch: 1, title: 'A task', iteration: 0, readOnly },
    signal: signal ?? new AbortController().signal,
    log: silentLog,
    ...(deadlines && { deadlines }),
    handlers: { next: async () => turn, call: async () => 'answer', output: () => {}, ...handlers },
  })
  opens.catch(() => {})
  return { played, opening: opens }
}

/** An opened runner. */
async function runnerIn(scene: Scene = {}): Promise<{ played: Played; runner: Runner }> {
  const { played, opening: opens } = opening(scene)
  played.say(opened)
  const runner = await opens
  onTestFinished(() => runner.close())
  return { played, runner }
}

/** Waits for the end of the runner; its container must be gone then. */
async function endOf({ played, runner }: { played: Played; runner: Runner }): Promise<Error> {
  const error = await runner.finished.then(
    () => new Error('it went well'),
    reason => reason,
  )
  expect(played.removals()).toBeGreaterThan(0)
  return error
}

test('a runner that plays by the rules is answered', async () => {
  const requests: NextRequest[] = []
  const scene = await runnerIn({
    handlers: {
      next: async (request, bundle) => {
        requests.push(request)
        if (bundle) expect((await buffer(bundle)).toString()).toBe('PACKPACK')
        return request.iteration === 0 ? turnOf(call(0), call(1, 'worker')) : STOP
      },
    },
  })
  scene.played.say(next(0))
  await scene.played.heard(2)
  scene.played.say({ type: 'alive' }, { type: 'output', text: 'x' }, result(0), { type: 'call', id: 1, index: 1 })
  await scene.played.heard(3)
  scene.played.say(next(2, { iteration: 1, checkpoint, note: '[not saved: x]' }))
  scene.played.bytes('PACK', 'PACK', '')
  await scene.runner.finished
  expect(requests[1]).toEqual({
    iteration: 1,
    checkpoint,
    results: [
      { index: 0, id: 'id-0', name: 'bash', text: 'ok', ms: 1 },
      { index: 1, id: 'id-1', name: 'bash', text: 'answer\n[not saved: x]', ms: expect.any(Number) },
    ],
  })
  expect(scene.played.removals()).toBe(0)
})

test.each<[string, (played: Played) => void, RegExp]>([
  ['speaks before it is asked', played => played.say(next(0)), /next came where opened was due/],
  ['answers another request', played => played.say({ ...opened, id: 5 }), /another request/],
  ['sends bytes', played => played.bytes('x'), /bytes unasked/],
  ['gives up', played => played.say({ type: 'failed', message: 'no space' }), /gave up: no space/],
])('a runner that %s while it opens is ended', async (_, act, reason) => {
  const { played, opening: opens } = opening()
  act(played)
  await expect(opens).rejects.toThrow(reason)
  expect(played.removals()).toBe(1)
})

test.each<[string, Scene, (played: Played) => unknown, RegExp]>([
  [
    'gives an outcome twice',
    { turn: turnOf(call(0), call(1)) },
    p => p.say(result(0), result(0)),
    /call 0 came where 1 was due/,
  ],
  ['gives outcomes in another order', { turn: turnOf(call(0), call(1)) }, p => p.say(result(1)), /call 1 came where 0/],
  [
    'gives one outcome too many',
    { turn: turnOf(call(0)) },
    p => p.say(result(0), result(1)),
    /call 1 came where the next turn/,
  ],
  [
    'leaves an outcome out',
    { turn: turnOf(call(0), call(1)) },
    p => p.say(result(0), next(1)),
    /1 outcomes are missing/,
  ],
  ['answers for the worker', { turn: turnOf(call(0, 'worker')) }, p => p.say(result(0)), /call 0 came/],
  [
    'has the worker run its own call',
    { turn: turnOf(call(0)) },
    p => p.say({ type: 'call', id: 1, index: 0 }),
    /call 0 came/,
  ],
  [
    'counts iterations its own way',
    { turn: turnOf(call(0)) },
    p => p.say(result(0), next(1, { iteration: 0 })),
    /iteration 0, not 1/,
  ],
  [
    'builds on another commit',
    { turn: turnOf(call(0)) },
    p => p.say(result(0), next(1, { checkpoint: { sha: NEW, parent: NEW } })),
    /another commit/,
  ],
  [
    'has text that cannot be stored',
    { turn: turnOf(call(0)) },
    p => p.say({ ...result(0), text: 'a\u0000b' }),
    /unknown message/,
  ],
  [
    'has text that is too long',
    { turn: turnOf(call(0)) },
    p => p.say({ ...result(0), text: 'x'.repeat(600_000) }),
    /unknown message/,
  ],
  [
    'has a message in its bundle',
    { turn: turnOf(call(0)) },
    p => p.say(result(0), next(1, { checkpoint }), result(0)),
    /inside a transfer/,
  ],
  ['goes on after the end', {}, p => p.say({ type: 'alive' }), /it went well|out of turn/],
  [
    'talks without end',
    { turn: turnOf(call(0)) },
    p => p.say(...Array.from({ length: 10_001 }, () => ({ type: 'alive' }))),
    /talks too much/,
  ],
])('a runner that %s is ended', async (_, scene, act, reason) => {
  const handlers: Partial<RunnerHandlers> = {
    next: async (request, bundle) => {
      if (bundle) await buffer(bundle)
      return request.iteration === 0 ? (scene.turn ?? STOP) : STOP
    },
  }
  const { played, runner } = await runnerIn({ ...scene, handlers })
  played.say(next(0))
  await played.heard(2)
  act(played)
  if (scene.turn) {
    const error = await endOf({ played, runner })
    expect(error).toBeInstanceOf(RunnerViolation)
    expect(error.message).toMatch(reason)
  } else {
    await eventually(() => expect(played.removals()).toBe(1))
    await expect(runner.exec('ls', { timeoutSeconds: 1 })).rejects.toThrow(/out of turn/)
  }
})

test('a runner that speaks while the worker thinks is ended at once', async () => {
  const thinking = Promise.withResolvers<Turn>()
  const scene = await runnerIn({ handlers: { next: () => thinking.promise } })
  scene.played.say(next(0))
  await eventually(() => expect(scene.played.say({ type: 'alive' })).toBeDefined())
  await eventually(() => expect(scene.played.removals()).toBe(1))
  thinking.resolve(STOP)
  expect(await endOf(scene)).toBeInstanceOf(RunnerViolation)
})

test('a second request in the same breath as the first is a violation', async () => {
  const scene = await runnerIn({ turn: turnOf(call(0)) })
  scene.played.say(next(0), next(1))
  expect(await endOf(scene)).toBeInstanceOf(RunnerViolation)
})

test.each<[string, Partial<Deadlines>, (played: Played) => unknown]>([
  ['never opens', { open: 100 }, () => {}],
  ['is silent', { silence: 100 }, played => played.say(opened)],
  [
    'only says that it lives',
    { call: 100, commandSlack: 100, checkpoint: 100 },
    played => {
      played.say(opened, next(0))
      const timer = setInterval(() => played.say({ type: 'alive' }), 20)
      onTestFinished(() => clearInterval(timer))
    },
  ],
])('a runner that %s is given up at its deadline', async (_, deadlines, act) => {
  const { played, opening: opens } = opening({ deadlines, turn: turnOf({ ...call(0), args: { timeoutSeconds: 0.1 } }) })
  act(played)
  const error = await opens.then(
    runner => endOf({ played, runner }),
    reason => reason,
  )
  expect(error).toBeInstanceOf(RunnerLost)
  expect(error.reason).toBe('deadline')
  expect(played.removals()).toBeGreaterThan(0)
})

test('a runner that takes nothing in is given up too', async () => {
  const played = playedContainer()
  const deaf = new PassThrough({ highWaterMark: 1 })
  const opens = openRunner(
    { ...played.container, stdin: deaf },
    {
      base: { sha: BASE, bundle: Readable.from([Buffer.alloc(1_000_000)]) },
      open: { taskId: randomUUID(), epoch: 1, title: 'A task', iteration: 0 },
      signal: new AbortController().signal,
      log: silentLog,
      deadlines: { open: 200 },
      handlers: { next: async () => STOP, call: async () => '', output: () => {} },
    },
  )
  await expect(opens).rejects.toMatchObject({ name: 'RunnerLost', reason: 'deadline' })
})

test('time that the worker takes is not held against the runner', async () => {
  const scene = await runnerIn({
    deadlines: { silence: 300, call: 300, checkpoint: 300, commandSlack: 0 },
    handlers: {
      next: async () => {
        await new Promise(resolve => setTimeout(resolve, 700))
        return STOP
      },
    },
  })
  scene.played.say(next(0))
  await scene.runner.finished
})

test('a container that dies is told with what it died of', async () => {
  const scene = await runnerIn({ turn: turnOf(call(0)) })
  scene.played.say(next(0))
  await scene.played.heard(2)
  scene.played.exit({ code: 137, oomKilled: true })
  const error = await endOf(scene)
  expect(error).toBeInstanceOf(RunnerLost)
  expect(error).toMatchObject({
    reason: 'exited',
    oomKilled: true,
    message: 'the runner ended with code 137 (out of memory)',
  })
})

test('a bundle that breaks off fails its reader and the runner', async () => {
  const read = Promise.withResolvers<unknown>()
  const scene = await runnerIn({
    handlers: {
      next: async (request, bundle) => {
        if (request.iteration === 0) return turnOf(call(0))
        await buffer(bundle!).catch(read.resolve)
        return STOP
      },
    },
  })
  scene.played.say(next(0))
  await scene.played.heard(2)
  scene.played.say(result(0), next(1, { checkpoint }))
  scene.played.bytes('PACK')
  scene.played.exit({ code: 1, oomKilled: false })
  expect(await read.promise).toBeInstanceOf(Error)
  expect(await endOf(scene)).toBeInstanceOf(RunnerLost)
})

test('a bundle that nobody reads is an error of the worker', async () => {
  const scene = await runnerIn({
    handlers: { next: async request => (request.iteration === 0 ? turnOf(call(0)) : STOP) },
  })
  scene.played.say(next(0))
  await scene.played.heard(2)
  scene.played.say(result(0), next(1, { checkpoint }))
  scene.played.bytes('PACK', '')
  expect((await endOf(scene)).message).toBe('the checkpoint was not read to its end')
})

test('commands wait for their turn, and their answers are checked', async () => {
  const { played, runner } = await runnerIn()
  await expect(runner.exec('ls', { timeoutSeconds: 1 })).rejects.toThrow('the runner is at work')
  played.say(next(0))
  await runner.finished
  const first = runner.exec('ls', { timeoutSeconds: 1 })
  await expect(runner.exec('ls', { timeoutSeconds: 1 })).rejects.toThrow('the runner is at work')
  await played.heard(3)
  played.say({ type: 'executed', id: 1, exitCode: 0, output: 'a', ms: 1, timedOut: false, oom: false })
  expect(await first).toEqual({ exitCode: 0, output: 'a', ms: 1, timedOut: false, oom: false })
  const second = runner.exec('ls', { timeoutSeconds: 1 })
  await played.heard(4)
  played.say({ type: 'executed', id: 1, exitCode: 0, output: 'a', ms: 1, timedOut: false, oom: false })
  await expect(second).rejects.toThrow(/another request/)
  expect(played.removals()).toBe(1)
})

test('closing ends it once, and what waits is told', async () => {
  const { played, runner } = await runnerIn({ turn: turnOf(call(0)) })
  played.say(next(0))
  await played.heard(2)
  await Promise.all([runner.close(), runner.close()])
  await expect(runner.finished).rejects.toThrow('the runner was closed')
  expect(played.removals()).toBe(1)
})

test('a signal that is aborted already opens nothing', async () => {
  const { played, opening: opens } = opening({ signal: AbortSignal.abort(new Error('cancelled')) })
  await expect(opens).rejects.toThrow('cancelled')
  expect(played.removals()).toBe(1)
})

test('a checkpoint from a run that may only look breaks the protocol, and nobody takes it', async () => {
  let taken = 0
  const scene = await runnerIn({
    readOnly: true,
    handlers: {
      next: async (request, bundle) => {
        if (bundle) taken++
        return request.iteration === 0 ? turnOf(call(0)) : STOP
      },
    },
  })
  scene.played.say(next(0))
  await scene.played.heard(2)
  scene.played.say(result(0), next(1, { checkpoint }))
  scene.played.bytes('PACK', '')
  const error = await endOf(scene)
  expect(error).toBeInstanceOf(RunnerViolation)
  expect(error.message).toBe('a checkpoint of a work tree that may only be read')
  expect(taken).toBe(0)
})
