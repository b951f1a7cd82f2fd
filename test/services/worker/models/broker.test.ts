import { describe, expect, test } from 'vitest'
import { type HistoryMessage, INTERRUPTED_RESULT } from '../../../../shared/contract/history.ts'
import { MODELS, scripted, TOOLS } from './support.ts'

describe.each(MODELS)('%s', model => {
  test('streams text and parallel calls, with text between them', async () => {
    const { ask, shown, deltas, provider } = await scripted(() => ({
      parts: [
        'First I look. ',
        { name: 'bash', args: { command: 'ls -la' } },
        { name: 'write_file', args: { path: 'ä/b.txt', content: 'line one\n"two"' } },
      ],
    }))
    const reply = await ask({ model })
    expect(reply.text).toBe('First I look. ')
    expect(reply.calls.map(({ name, args }) => ({ name, args }))).toEqual([
      { name: 'bash', args: { command: 'ls -la' } },
      { name: 'write_file', args: { path: 'ä/b.txt', content: 'line one\n"two"' } },
    ])
    expect(new Set(reply.calls.map(call => call.id)).size).toBe(2)
    expect(shown()).toBe(reply.text)
    expect(deltas.length).toBeGreaterThan(1)
    const [request] = provider.requests
    expect(request).toMatchObject({
      system: 'You are a test.',
      tools: ['bash', 'write_file'],
      messages: [{ role: 'user', text: 'Go on.' }],
    })
  })

  test('text after and between calls is all of the text', async () => {
    const { ask, shown } = await scripted(() => ({
      parts: [
        'One. ',
        { name: 'bash', args: { command: 'a' } },
        'Two. ',
        { name: 'bash', args: { command: 'b' } },
        'Three.',
      ],
    }))
    const reply = await ask({ model })
    expect(reply.text).toBe('One. Two. Three.')
    expect(shown()).toBe('One. Two. Three.')
    expect(reply.calls.map(call => call.args)).toEqual([{ command: 'a' }, { command: 'b' }])
  })

  test('a second turn carries the calls and their results in order, an error marked as one', async () => {
    const { ask, provider } = await scripted(({ n }) =>
      n === 1
        ? {
            text: 'Working.',
            calls: [
              { name: 'bash', args: { command: 'a' } },
              { name: 'bash', args: { command: 'b' } },
            ],
          }
        : { text: 'Both seen.' },
    )
    const first = await ask({ model })
    const [a, b] = first.calls
    const history: HistoryMessage[] = [
      { role: 'user', text: 'Go on.' },
      { role: 'assistant', text: first.text, calls: first.calls, providerMetadata: first.providerMetadata },
      {
        role: 'tool',
        // Out of order: the calls' order counts.
        results: [
          { callId: b!.id, name: 'bash', text: 'Error: b went wrong' },
          { callId: a!.id, name: 'bash', text: 'a is fine\n[exit 0, 0.1s]' },
        ],
      },
      { role: 'user', text: 'And hurry.' },
    ]
    // Stored in Postgres between the turns.
    const stored = JSON.parse(JSON.stringify(history)) as HistoryMessage[]
    expect(await ask({ model, history: stored })).toMatchObject({ text: 'Both seen.', calls: [] })
    const messages = provider.requests[1]!.messages
    const assistant = messages.filter(message => message.role === 'assistant')
    expect(assistant.map(message => message.text).join('')).toBe('Working.')
    expect(assistant.flatMap(message => message.calls.map(call => call.args))).toEqual([
      { command: 'a' },
      { command: 'b' },
    ])
    const results = messages.flatMap(message => message.results)
    expect(results.map(result => result.text)).toEqual(['a is fine\n[exit 0, 0.1s]', 'Error: b went wrong'])
    if (!model.startsWith('google')) expect(results.map(result => result.id)).toEqual([a!.id, b!.id])
    expect(messages.at(-1)!.text).toContain('And hurry.')
  })

  test('signatures of its reasoning go back to the provider, and to no other', async () => {
    const { ask, provider } = await scripted(({ n }) =>
      n === 1
        ? {
            parts: [
              { reasoning: 'I should list.', signature: 'sig-abc' },
              { name: 'bash', args: { command: 'ls' }, signature: 'sig-call' },
            ],
          }
        : { text: 'Done.' },
    )
    const first = await ask({ model })
    const history: HistoryMessage[] = [
      { role: 'user', text: 'Go on.' },
      { role: 'assistant', ...first },
      { role: 'tool', results: [{ callId: first.calls[0]!.id, name: 'bash', text: 'a.txt\n[exit 0, 0.1s]' }] },
    ]
    await ask({ model, history })
    const sent = JSON.stringify(provider.requests[1]!.body)
    const expected = {
      'openai-compatible:scripted': 'I should list.',
      'openai:gpt-5.6': 'sig-abc',
      'anthropic:claude-sonnet-5-5': 'sig-abc',
      'google:gemini-pro-latest': 'sig-call',
    }[model]
    expect(sent).toContain(expected)
    const other = MODELS.find(each => each !== model)!
    expect(await ask({ model: other, history })).toMatchObject({ text: 'Done.' })
    expect(JSON.stringify(provider.requests[2]!.body)).not.toMatch(/sig-abc|sig-call/)
  })

  test('arguments that are no JSON come back as a call with an error', async () => {
    const { ask, provider } = await scripted(({ n }) =>
      n === 1
        ? { calls: [{ name: 'write_file', args: { path: 'a', content: 'b' } }], fault: 'malformed-args' }
        : { text: 'Sorry.' },
    )
    const reply = await ask({ model })
    expect(reply.calls).toHaveLength(1)
    expect(reply.calls[0]).toMatchObject({ name: 'write_file' })
    expect(reply.calls[0]).not.toHaveProperty('args')
    expect(reply.calls[0]!.error).toMatch(/^Error: the arguments of write_file/)
    const results = reply.calls.map(call => ({ callId: call.id, name: call.name, text: call.error! }))
    const history: HistoryMessage[] = [
      { role: 'user', text: 'Go on.' },
      { role: 'assistant', ...reply },
      { role: 'tool', results },
    ]
    expect(await ask({ model, history })).toMatchObject({ text: 'Sorry.' })
    expect(provider.requests[1]!.messages.flatMap(message => message.results)[0]!.text).toBe(reply.calls[0]!.error)
    expect(provider.faults).toEqual(['malformed-args'])
  })

  test('a tool that does not exist comes back as a call with an error, beside a good one', async () => {
    const { ask, provider } = await scripted(() => ({
      calls: [
        { name: 'functions.deploy', args: { to: 'production' } },
        { name: 'bash', args: { command: 'ls' } },
      ],
    }))
    const reply = await ask({ model })
    expect(reply.calls[0]!.error).toBe(
      'Error: there is no tool named "functions.deploy". The tools are: bash, write_file.',
    )
    expect(reply.calls[0]).not.toHaveProperty('args')
    expect(reply.calls[1]).toMatchObject({ name: 'bash', args: { command: 'ls' } })
    const history: HistoryMessage[] = [
      { role: 'user', text: 'Go on.' },
      { role: 'assistant', ...reply },
    ]
    // A result of a call that is not in the history any more.
    history.push({ role: 'tool', results: [{ callId: 'gone', name: 'bash', text: 'orphan' }] })
    await ask({ model, history })
    const messages = provider.requests[1]!.messages
    expect(messages.flatMap(message => message.calls.map(call => call.name))).toEqual(['functions_deploy', 'bash'])
    expect(messages.flatMap(message => message.results.map(result => result.text))).toEqual([
      INTERRUPTED_RESULT,
      INTERRUPTED_RESULT,
    ])
  })

  test('counts the tokens as the provider does', async () => {
    const { ask } = await scripted(() => ({ text: 'Hi.', usage: { input: 1234, output: 56, cached: 1000 } }))
    const { usage } = await ask({ model })
    expect(usage).toEqual({ inputTokens: 1234, outputTokens: 56, cachedInputTokens: 1000 })
  })

  test('lets a reply be cut where a budget ends, and leaves it to the provider where none does', async () => {
    const { ask, provider } = await scripted(() => ({ text: 'Hi.' }))
    await ask({ model, maxOutputTokens: 4_321 })
    await ask({ model })
    const [limited, free] = provider.requests.map(({ body }) => JSON.stringify(body))
    expect(limited).toContain('4321')
    expect(free).not.toContain('4321')
  })

  test('says when the provider cut the reply at its output limit', async () => {
    const { ask } = await scripted(() => ({ text: 'I was going to', finish: 'length' }))
    expect(await ask({ model })).toMatchObject({ text: 'I was going to', truncated: true })
  })

  test('no tools: an answer in words', async () => {
    const { ask, provider } = await scripted(() => ({ text: 'Yes.' }))
    expect(await ask({ model, tools: [] })).toMatchObject({ text: 'Yes.', calls: [] })
    expect(provider.requests[0]!.tools).toEqual([])
  })
})

test('ids that a provider repeats in every reply are made unique in the thread', async () => {
  const { ask } = await scripted(() => ({
    calls: [
      { name: 'bash', args: { command: 'x' }, id: 'call_0' },
      { name: 'bash', args: { command: 'y' }, id: 'call_0' },
    ],
  }))
  const model = 'anthropic:claude-sonnet-5-5'
  const first = await ask({ model })
  const results = first.calls.map(call => ({ callId: call.id, name: call.name, text: 'ok' }))
  const history: HistoryMessage[] = [
    { role: 'user', text: 'Go on.' },
    { role: 'assistant', ...first },
    { role: 'tool', results },
  ]
  const second = await ask({ model, history })
  expect(new Set([...first.calls, ...second.calls].map(call => call.id)).size).toBe(4)
})

test('anthropic is told what to keep in its prompt cache', async () => {
  const { ask, provider } = await scripted(() => ({ text: 'Hi.' }))
  await ask({ model: 'anthropic:claude-sonnet-5-5' })
  const marks = JSON.stringify(provider.requests[0]!.body).match(/"cache_control":\{"type":"ephemeral"\}/g)
  expect(marks).toHaveLength(2)
})

test('openai is asked to keep nothing', async () => {
  const { ask, provider } = await scripted(() => ({ text: 'Hi.' }))
  await ask({ model: 'openai:gpt-5.6' })
  expect(provider.requests[0]!.body.store).toBe(false)
})

test('text that no provider or database takes is mended on its way', async () => {
  const { ask, provider } = await scripted(() => ({ text: 'a\0b' }))
  const reply = await ask({ model: MODELS[0], history: [{ role: 'user', text: `cut \ud83d` }], tools: TOOLS })
  expect(reply.text).toBe('ab')
  expect(provider.requests[0]!.messages[0]!.text).toBe('cut \ufffd')
})
