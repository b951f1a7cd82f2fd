import { cutMiddle } from '../../../../shared/domain/cut-middle.ts'
import { fenced } from '../../../../shared/domain/fenced.ts'
import { TRY_AGAIN } from '../../../../shared/domain/pipeline-result.ts'
import type { CallStep } from './program.ts'
import { type Done, lastLine, type Run } from './run.ts'

const TAIL_LINES = 20
const TAIL_CHARS = 2_000
const QUOTE_CHARS = 500
const ANSWER = { headBytes: 2_000, tailBytes: 2_000 }

const EXIT_LINE = /^\[(.+)\]$/

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

const proposed = ({ tasks, remove = [] }: { tasks: unknown[]; remove?: string[] }): string =>
  [
    ...(tasks.length > 0 ? [`proposed ${plural(tasks.length, 'task')}: ${tasks.map(after).join('; ')}`] : []),
    ...(remove.length > 0 ? [`removed ${remove.join(', ')}`] : []),
  ].join(', and ')

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
      return proposed(step.args as { tasks: unknown[]; remove?: string[] })
    default:
      return `called ${step.label}`
  }
}

interface Failure {
  why: string
  /** The end of what a command printed, or what else another call answered: columns of text, such as the picture of a pipeline. */
  output: string
}

const failureOf = ({ step, result }: Done): Failure => {
  if (step.tool === 'bash') {
    const exit = EXIT_LINE.exec(lastLine(result))?.[1]
    const why = `\`${step.label}\` failed: ${exit ?? (quote(firstLine(result)) || 'no exit code')}`
    return { why, output: tail(result) }
  }
  const answer = result.replace(/^Error:\s*/, '').replace(` ${TRY_AGAIN}`, '')
  const output = answer.slice(firstLine(answer).length).trim()
  return { why: `${step.tool} failed: ${quote(firstLine(answer))}`, output: cutMiddle(output, ANSWER) }
}

/** Why a step failed, as plain text. */
export const failureText = (done: Done): string => {
  const { why, output } = failureOf(done)
  return [why, output].filter(Boolean).join('\n\n')
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
  'To plan, every `## Title` section becomes a proposed task; a line `after: Title, Other title` names its dependencies, `done when: …` what done looks like.',
  'The same titles again revise the drafts; lines `remove: Title, Other title` before the first section drop some.',
].join('\n')

const summary = ({ said, done }: Pick<Run, 'said' | 'done'>): string[] => {
  const lines = done.filter(each => !each.failed).map(each => `- ${did(each.step, each.result)}`)
  return [...said, ...(lines.length > 0 ? [`Done, ${plural(lines.length, 'step')}:\n${lines.join('\n')}`] : [])]
}

const failure = (run: Run): string[] => {
  const failed = run.done.findLast(each => each.failed)
  if (!run.failed || !failed) return []
  const left = run.queue.filter(step => step.type === 'call').length
  const { why, output } = failureOf(failed)
  const told = [`Failed: ${why}`, output && fenced(output)].filter(Boolean).join('\n\n')
  return left > 0 ? [told, `Not run: ${plural(left, 'step')}.`] : [told]
}

/**
 * The final message: what was to be said, then what ran since the last one. After mere words it says that they were
 * read and repeats the last report, since a task hands its final message to those that build on it.
 */
export const finalText = (run: Run): string => {
  const told = [...summary(run), ...failure(run)]
  const report = told.length > 0 ? told : run.before ? summary(run.before) : []
  if (report.length === 0) return run.remarks.length > 0 ? HELP : 'There was nothing to do.'
  const remarks = run.remarks.map(remark => `> ${quote(firstLine(remark))}`).join('\n')
  const note = `I can only follow blocks, so I took note of this and did nothing about it:\n${remarks}`
  return [...report, ...(remarks ? [note] : [])].join('\n\n')
}
