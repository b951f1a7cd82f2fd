import type { CallStep } from './program.ts'
import type { Done, Run } from './run.ts'

const TAIL_LINES = 20
const TAIL_CHARS = 2_000
const QUOTE_CHARS = 500

const EXIT_LINE = /^\[(.+)\]$/

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? ''
const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''
const quote = (text: string): string => {
  const whole = text.trim()
  return whole.length > QUOTE_CHARS ? `${whole.slice(0, QUOTE_CHARS).toWellFormed()} …` : whole
}

/** The end of an output, without the exit line. */
const tail = (output: string): string => {
  const lines = output.trimEnd().split('\n')
  const body = EXIT_LINE.test(lines.at(-1)?.trim() ?? '') ? lines.slice(0, -1) : lines
  return body.slice(-TAIL_LINES).join('\n').slice(-TAIL_CHARS).toWellFormed().trim()
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

const after = (task: unknown): string => {
  const { title, dependsOn } = task as { title: string; dependsOn: string[] }
  return dependsOn.length > 0 ? `${title} (after ${dependsOn.join(', ')})` : title
}

/** What one successful call did, as a line of a list. */
const did = (step: CallStep, result: string): string => {
  switch (step.tool) {
    case 'bash':
      return `ran \`${step.label}\` ${lastLine(result)}`
    case 'write_file':
      return `wrote ${step.label}`
    case 'parallel':
      return `ran in parallel: ${step.label}`
    case 'ask_user':
      return `asked “${step.label}” and was told: ${quote(result)}`
    case 'propose_tasks':
      return `proposed ${plural((step.args.tasks as unknown[]).length, 'task')}: ${(step.args.tasks as unknown[]).map(after).join('; ')}`
    default:
      return `called ${step.label}`
  }
}

/** Why a step failed, in one line. */
export const failureLine = ({ step, result }: Done): string => {
  if (step.tool !== 'bash') return `${step.tool} failed: ${quote(firstLine(result.replace(/^Error:\s*/, '')))}`
  const exit = EXIT_LINE.exec(lastLine(result))?.[1]
  return `\`${step.label}\` failed: ${exit ?? (quote(firstLine(result)) || 'no exit code')}`
}

/** What runbook is, for whoever gives it plain words. */
export const HELP = [
  'I am runbook, the built-in model that needs no key. I do not understand free text: I follow Markdown, step by step.',
  '',
  '- ```` ```sh ```` runs a command; a non-zero exit code fails the task (`timeout=600` sets its seconds)',
  '- ```` ```file path=src/a.ts ```` writes a file',
  '- ```` ```parallel ```` runs a YAML or JSON list of tasks (name, prompt, depends_on) as sub-agents',
  '- ```` ```ask ```` asks a person; a list at its end gives the options',
  '- ```` ```say ```` adds a line to my final message',
  '- ```` ```tool name=search ```` calls any tool, with its arguments as YAML',
  '',
  'To plan, every `## Title` section becomes a proposed task; a line `after: Title, Other title` names its dependencies.',
].join('\n')

/** The final message: what was to be said, then what ran since the last one. */
export const finalText = (run: Run): string => {
  const paragraphs: string[] = [...run.said]
  const lines = run.done.filter(each => !each.failed).map(each => `- ${did(each.step, each.result)}`)
  if (lines.length > 0) paragraphs.push(`Done, ${plural(lines.length, 'step')}:\n${lines.join('\n')}`)
  const failed = run.done.findLast(each => each.failed)
  if (run.failed && failed) {
    const output = tail(failed.result)
    const left = run.queue.filter(step => step.type === 'call').length
    paragraphs.push(`Failed: ${failureLine(failed)}${output ? `\n\n${output}` : ''}`)
    if (left > 0) paragraphs.push(`Not run: ${plural(left, 'step')}.`)
  }
  const nothing = run.done.length === 0 && run.said.length === 0
  if (nothing && run.remarks.length > 0) paragraphs.push(HELP)
  else if (nothing) paragraphs.push('There was nothing to do.')
  else if (run.remarks.length > 0) {
    paragraphs.push(
      `I can only follow blocks, so I took note of this and did nothing about it:\n${run.remarks.map(remark => `> ${quote(firstLine(remark))}`).join('\n')}`,
    )
  }
  return paragraphs.join('\n\n')
}
