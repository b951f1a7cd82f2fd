import { expect, test } from 'vitest'
import { INTERRUPTED_RESULT } from '../../../../shared/contract/history.ts'
import { eventually } from '../../../support/eventually.ts'
import { fileStage } from '../../../support/file-stage.ts'
import { type ScriptedRequest, startProvider } from '../../../support/provider.ts'
import { startSystem } from '../../../support/system.ts'
import { startHttpMcp } from './mcp-servers.ts'

const stage = fileStage()

const receipt = { name: 'receipt', description: 'Prints it.', parameters: { type: 'object' }, script: 'echo paid' }

/** Makes two calls in one reply, then says what came of them. */
const script = ({ messages, tools }: ScriptedRequest) => {
  const results = messages.flatMap(message => message.results).map(({ text }) => text)
  if (results.length > 0) return { text: JSON.stringify({ results, tools }) }
  return {
    calls: [
      { name: 'tool_create', args: receipt },
      { name: 'mcp_bank_say', args: { word: 'pay' } },
    ],
  }
}

test('a call of an MCP tool whose worker is killed is not repeated: its outcome is unknown', {
  timeout: 200_000,
}, async () => {
  const called = Promise.withResolvers<void>()
  let calls = 0
  const bank = await startHttpMcp({
    pay: () => {
      calls++
      called.resolve()
      return new Promise(() => {})
    },
  })
  stage.onEnd(async () => bank.close())
  const provider = await startProvider(script)
  stage.onEnd(provider.close)
  const system = await startSystem({
    stage,
    services: 'api',
    env: {
      OPENAI_COMPATIBLE_BASE_URL: provider.config.openaiCompatibleBaseUrl,
      OPENAI_COMPATIBLE_API_KEY: provider.config.openaiCompatibleApiKey,
    },
  })
  const { client } = system
  const first = await system.start('worker')
  const project = await client.createProject({
    body: {
      name: 'Bank',
      settings: {
        model: 'openai-compatible:scripted',
        mcpServers: { bank: { url: bank.url, headers: { Authorization: 'Bearer s3cr3t-of-the-bank' } } },
      },
    },
  })
  const { items } = await client.createTasks({
    params: { id: project.id },
    body: { tasks: [{ key: 'pay', title: 'Pay', plan: 'Pay.' }] },
  })
  const { id } = items[0]!
  await client.acceptTasks({ params: { id: project.id }, body: {} })
  await called.promise
  await first.stop('SIGKILL')
  const second = await system.start('worker')
  const task = await eventually(
    async () => {
      const task = await client.getTask({ params: { id } })
      expect(task).toMatchObject({ state: 'ready' })
      return task
    },
    { timeoutMs: 120_000 },
  )
  const { results, tools } = JSON.parse(task.output ?? '')
  // What the first call wrote was in no checkpoint yet, and is gone with the container: so is its answer.
  expect(results).toEqual([INTERRUPTED_RESULT, INTERRUPTED_RESULT])
  expect(tools).not.toContain('receipt')
  expect(calls).toBe(1)
  expect(task).toMatchObject({ attempt: 1, epoch: 2 })
  expect([await first.log(), await second.log()].join('')).not.toContain('s3cr3t')
})
