/** A text as a block of Markdown, in a fence that is longer than any in it. */
export function fenced(text: string, info = ''): string {
  const fence = '`'.repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map(ticks => ticks.length + 1)))
  return `${fence}${info}\n${text}\n${fence}`
}
