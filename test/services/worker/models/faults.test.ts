import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ModelLimited, ModelRefused, ModelUnavailable } from '../../../../services/worker/models/errors.ts'
import { eventually } from '../../../support/eventually.ts'
import type { Fault } from '../../../support/provider.ts'
import { MODELS, scripted } from './support.ts'

const GOOD = { text: 'The whole answer.', calls: [{ name: 'bash', args: { command: 'ls' } }] }
const HALF = { text: 'A half answer that nobody may see.', calls: [{ name: 'bash', args: { command: 'rm -rf .' } }] }

/** The first reply has the fault, the next is good. */
const onceFaulty = (fault: Fault, limits = {}) => scripted(({ n }) => (n === 1 ? { ...HALF, fault } : GOOD), limits)

describe.each(MODELS)('%s', model => {
  test.each(['cut', 'ended', 'error-event'] as const)(
    'a stream that breaks off (%s) is asked for again, its half answer forgotten',
    async fault => {
      const { ask, provider, deltas, shown, logged } = await onceFaulty(fault)
      const reply = await ask({ model })
      expect(reply).toMatchObject({ text: GOOD.text, calls: [{ name: 'bash', args: { command: 'ls' } }] })
      expect(reply.calls).toHaveLength(1)
      expect(deltas).toContainEqual({ reset: true })
      expect(shown()).toBe(GOOD.text)
      expect(provider.faults).toEqual([fault])
      expect(provider.requests.map(request => request.attempt)).toEqual([1, 2])
      expect(logged.filter(({ event }) => event === 'model.retry')).toHaveLength(1)
    },
  )

  test('a stream that goes silent is let go and asked for again', async () => {
    const { ask, provider, shown } = await onceFaulty('stall', { idleMs: 400 })
    expect(await ask({ model })).toMatchObject({ text: GOOD.text })
    expect(shown()).toBe(GOOD.text)
    expect(provider.faults).toEqual(['stall'])
    await eventually(() => expect(provider.hangUps()).toBeGreaterThanOrEqual(1))
  })

  test('a slow stream that keeps coming is waited for', async () => {
    const { ask, provider } = await scripted(() => ({ ...GOOD, pauseMs: 150 }), { idleMs: 500, attempts: 1 })
    expect(await ask({ model })).toMatchObject({ text: GOOD.text })
    expect(provider.requests).toHaveLength(1)
  })

  test('a provider that never begins to answer is let go and asked again', async () => {
    const { ask, provider, deltas } = await onceFaulty('silent', { firstTokenMs: 400 })
    expect(await ask({ model })).toMatchObject({ text: GOOD.text })
    expect(deltas).not.toContainEqual({ reset: true })
    expect(provider.faults).toEqual(['silent'])
    await eventually(() => expect(provider.hangUps()).toBeGreaterThanOrEqual(1))
  })

  test('a 500 is tried again', async () => {
    const { ask, provider } = await onceFaulty({ status: 500 })
    expect(await ask({ model })).toMatchObject({ text: GOOD.text })
    expect(provider.faults).toEqual([{ status: 500 }])
  })

  test('a 429 waits as long as Retry-After says', async () => {
    const { ask, provider, logged } = await onceFaulty({ status: 429, retryAfter: 1 })
    expect(await ask({ model })).toMatchObject({ text: GOOD.text })
    expect(provider.requests).toHaveLength(2)
    const [retry] = logged.filter(({ event }) => event === 'model.retry')
    expect(retry!.fields).toMatchObject({ status: 429, attempt: 1 })
    expect(retry!.fields.waitMs).toBeGreaterThanOrEqual(1_000)
  })

  test('a 429 that asks for more patience than ours says until when', async () => {
    const { ask, provider } = await onceFaulty({ status: 429, retryAfter: 3_600 })
    const before = Date.now()
    const error = await ask({ model }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ModelLimited)
    const until = (error as ModelLimited).until.getTime()
    expect(until).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(until).toBeLessThanOrEqual(Date.now() + 3_600_000)
    expect(provider.requests).toHaveLength(1)
  })

  test.each([
    [401, 'credentials'],
    [403, 'credentials'],
    [404, 'not_found'],
    [400, 'invalid_request'],
  ])('a %i is final and told in the words of the provider', async (status, code) => {
    const { ask, provider } = await onceFaulty({ status, message: 'Your account is not active, see the console.' })
    const error = await ask({ model }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ModelRefused)
    expect(error).toMatchObject({ code, status })
    expect((error as Error).message).toContain('Your account is not active, see the console.')
    expect(provider.requests).toHaveLength(1)
  })

  test('a provider that stays broken is given up after the attempts, with its last words', async () => {
    const { ask, provider } = await scripted(() => ({ fault: { status: 503, message: 'Back soon.' } }))
    const error = await ask({ model }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ModelUnavailable)
    expect((error as Error).message).toBe('No complete reply after 4 attempts. Last: Back soon. (503)')
    expect(provider.requests).toHaveLength(4)
  })

  test('an abort in the middle of a stream ends the reply and the connection', async () => {
    const { ask, provider } = await scripted(() => ({ ...HALF, fault: 'stall' }))
    const controller = new AbortController()
    const reply = ask({ model, signal: controller.signal, onDelta: () => controller.abort(new Error('cancelled')) })
    await expect(reply).rejects.toMatchObject({ name: 'AbortError' })
    await eventually(() => expect(provider.hangUps()).toBe(1))
    expect(provider.requests).toHaveLength(1)
  })
})

const model = MODELS[0]

test('an abort while waiting for the next attempt ends the wait', async () => {
  const { ask, provider } = await scripted(() => ({ fault: { status: 429, retryAfter: 4 } }))
  const controller = new AbortController()
  const reply = ask({ model, signal: controller.signal })
  await eventually(() => expect(provider.faults).toHaveLength(1))
  controller.abort()
  const winner = await Promise.race([reply.catch((error: Error) => error.name), delay(3_000, 'too late')])
  expect(winner).toBe('AbortError')
})

test('an aborted request asks nobody', async () => {
  const { ask, provider } = await scripted(() => GOOD)
  await expect(ask({ model, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  expect(provider.requests).toHaveLength(0)
})

test('Retry-After may be a date', async () => {
  const date = new Date(Date.now() + 7_200_000).toUTCString()
  const { ask } = await onceFaulty({ status: 429, retryAfter: date })
  await expect(ask({ model })).rejects.toMatchObject({ name: 'ModelLimited', until: new Date(date) })
})

test('a limit that outlasts every attempt is a limit, not a breakdown', async () => {
  const { ask, provider } = await scripted(() => ({ fault: { status: 529 } }))
  await expect(ask({ model })).rejects.toBeInstanceOf(ModelLimited)
  expect(provider.requests).toHaveLength(4)
})

test('a used-up quota is final although it comes as 429', async () => {
  const body = JSON.stringify({
    error: { message: 'You exceeded your current quota.', type: 'insufficient_quota', code: 'insufficient_quota' },
  })
  const { ask, provider } = await onceFaulty({ status: 429, body })
  await expect(ask({ model })).rejects.toMatchObject({ name: 'ModelRefused', code: 'quota' })
  expect(provider.requests).toHaveLength(1)
})

test.each([
  ['openai-compatible:scripted', "This model's maximum context length is 8192 tokens, however you requested 9000."],
  ['anthropic:claude-sonnet-5-5', 'prompt is too long: 210000 tokens > 200000 maximum'],
  [
    'google:gemini-pro-latest',
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  ],
  ['openai:gpt-5.6', 'Your input exceeds the context window of this model.'],
])('%s: a history that is too long can be told from other refusals', async (name, message) => {
  const { ask } = await onceFaulty({ status: 400, message })
  await expect(ask({ model: name })).rejects.toMatchObject({ name: 'ModelRefused', code: 'context_length' })
})

test('the time for everything ends a reply whose attempts never do', async () => {
  const { ask } = await scripted(() => ({ fault: 'silent' }), { totalMs: 200 })
  await expect(ask({ model })).rejects.toMatchObject({ name: 'ModelUnavailable' })
})

test('an endless reply is cut off', async () => {
  const { ask } = await scripted(() => ({ text: 'x'.repeat(5_000) }), { replyChars: 1_000, attempts: 1 })
  await expect(ask({ model })).rejects.toThrow('longer than 1000 characters')
})

test('a server that is not there is a breakdown that says so', async () => {
  const { ask, provider } = await scripted(() => GOOD, { attempts: 2 })
  await provider.close()
  await expect(ask({ model })).rejects.toThrow(/after 2 attempts.*ECONNREFUSED/)
})

test('no key gets into an error or a log, not even where the provider repeats it', async () => {
  for (const name of MODELS) {
    const { ask, logged } = await scripted(({ n, headers }) => {
      const key = String(headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization)
      expect(key).toMatch(/secret-/)
      const words = `Incorrect key provided: ${key} (sk-live-123456), see http://me:pa55@proxy/`
      return { fault: { status: n === 1 ? 500 : 401, message: words } }
    })
    const error = (await ask({ model: name }).catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toContain('Incorrect key provided')
    const everything = [error.message, error.stack, JSON.stringify(error), String(error.cause), JSON.stringify(logged)]
    expect(everything.join()).not.toMatch(/secret-|sk-live|pa55/)
    expect(logged.some(({ event }) => event === 'model.retry')).toBe(true)
  }
})
