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
