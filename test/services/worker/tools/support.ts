import type { ScriptedReply, ScriptedRequest } from '../../../support/provider.ts'

/** A block of the built-in model's language that calls a tool. */
export const call = (name: string, args: unknown = {}): string =>
  `\`\`\`tool name=${name}\n${JSON.stringify(args)}\n\`\`\``

/** Results of the tool calls of a thread, in order. */
export const resultsIn = (messages: readonly { parts: unknown }[]): { name: string; text: string }[] =>
  messages.flatMap(({ parts }) =>
    (parts as { type: string; name: string; text: string }[]).filter(part => part.type === 'result'),
  )

/** A manifest as it lies in a project. */
export const manifest = (name: string, more: object = {}): string =>
  JSON.stringify({
    name,
    description: `Does ${name}.`,
    parameters: { type: 'object', properties: { word: { type: 'string' } } },
    script: `.slipway/tools/${name}`,
    ...more,
  })

export type Call = { name: string; args?: unknown }

/** The plan of a task for `makeCalls`. */
export const listed = (calls: readonly Call[]): string => `CALLS ${JSON.stringify(calls)}`

/** Makes the calls that its task lists, one after the other, whatever comes of them. */
export function makeCalls({ messages }: ScriptedRequest): ScriptedReply {
  const text = messages.map(({ text }) => /^CALLS (.*)$/m.exec(text)?.[1]).find(text => text !== undefined)
  const calls: Call[] = JSON.parse(text ?? '[]')
  // Of a long thread only the end is sent.
  const last = messages.flatMap(({ results }) => results.map(({ id }) => Number(id.slice(1)))).at(-1) ?? -1
  const next = calls[last + 1]
  if (!next) return { text: 'Made all calls.' }
  return { calls: [{ id: `c${last + 1}`, name: next.name, args: next.args ?? {} }] }
}
