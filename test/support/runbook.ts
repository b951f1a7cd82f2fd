/** Blocks of the built-in model's language. */
export const sh = (command: string): string => `\`\`\`sh\n${command}\n\`\`\``
export const file = (path: string, content: string): string => `\`\`\`file path=${path}\n${content}\n\`\`\``
export const say = (text: string): string => `\`\`\`say\n${text}\n\`\`\``
export const plan = (...blocks: string[]): string => blocks.join('\n\n')
