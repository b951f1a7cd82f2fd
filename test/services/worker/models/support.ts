import { afterEach } from 'vitest'
import {
  type BrokerLimits,
  createBroker,
  type Delta,
  type ModelRequest,
} from '../../../../services/worker/models/broker.ts'
import { type Script, type ScriptedProvider, startProvider } from '../../../support/provider.ts'

/** Every provider by the model name that reaches it. */
export const MODELS = [
  'openai-compatible:scripted',
  'openai:gpt-5.6',
  'anthropic:claude-sonnet-5-5',
  'google:gemini-pro-latest',
] as const

const object = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map(name => [name, { type: 'string' }])),
  required: names,
  additionalProperties: false,
})

export const TOOLS = [
  { name: 'bash', description: 'Runs a command.', parameters: object('command') },
  { name: 'write_file', description: 'Writes a file.', parameters: object('path', 'content') },
]

/** Small enough for a test, large enough for a busy machine. */
export const LIMITS: BrokerLimits = {
  attempts: 4,
  backoffMs: 1,
  backoffMaxMs: 5,
  patienceMs: 5_000,
  totalMs: 20_000,
  firstTokenMs: 5_000,
  idleMs: 5_000,
  replyChars: 1_000_000,
}

const started: ScriptedProvider[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map(provider => provider.close()))
})

/** A broker whose providers are all one scripted server. */
export const scripted = async (script: Script, limits: Partial<BrokerLimits> = {}) => {
  const provider = await startProvider(script)
  started.push(provider)
  const logged: { fields: Record<string, unknown>; event: string }[] = []
  const note = (fields: Record<string, unknown>, event: string) => void logged.push({ fields, event })
  const broker = createBroker({
    config: provider.config,
    log: { debug: note, warn: note },
    timeouts: { ...LIMITS, ...limits },
  })
  const deltas: Delta[] = []
  const ask = (request: Partial<ModelRequest> & { model: string }) =>
    broker.reply({
      system: 'You are a test.',
      history: [{ role: 'user', text: 'Go on.' }],
      tools: TOOLS,
      signal: new AbortController().signal,
      onDelta: delta => void deltas.push(delta),
      ...request,
    })
  /** What a reader of the deltas sees in the end. */
  const shown = () => deltas.reduce((text, delta) => ('reset' in delta ? '' : text + delta.text), '')
  return { provider, broker, ask, deltas, shown, logged }
}
