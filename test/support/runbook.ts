/** Blocks of the built-in model's language. */
export const sh = (command: string): string => `\`\`\`sh\n${command}\n\`\`\``
export const file = (path: string, content: string): string => `\`\`\`file path=${path}\n${content}\n\`\`\``
export const say = (text: string): string => `\`\`\`say\n${text}\n\`\`\``
/** Sub-agents, each with what it is told and those that it waits for. */
export const parallel = (...tasks: { name: string; prompt: string; depends_on?: readonly string[] }[]): string =>
  `\`\`\`parallel\n${JSON.stringify(tasks)}\n\`\`\``
export const plan = (...blocks: string[]): string => blocks.join('\n\n')

/** In a shell: waits until the program that was put into the background last is itself, and no copy of the shell any more. */
export const BEGUN = 'while [ "$(cat /proc/$!/comm)" = bash ]; do :; done'
