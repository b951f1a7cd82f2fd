import { parse } from 'yaml'
import { taskText } from '../../../../shared/domain/context-block.ts'
import { type Fence, fileText, scanFences } from './fences.ts'
import { proposal } from './plan.ts'

/** One thing to do: a tool call, a line to say at the end, or something wrong in the Markdown. */
export type Step =
  | { type: 'call'; tool: string; args: Record<string, unknown>; label: string }
  | { type: 'say'; text: string }
  | { type: 'invalid'; message: string }
export type CallStep = Extract<Step, { type: 'call' }>

const LABEL_CHARS = 100
const TASK_LINE = '[Your task]'
const CONTEXT_START = '[Context from completed task "'
const SHELLS = new Set(['sh', 'bash', 'shell'])

/** The first line, shortened. */
const label = (text: string): string => {
  const first = text.trim().split('\n', 1)[0]!
  return first.length > LABEL_CHARS || first !== text.trim() ? `${first.slice(0, LABEL_CHARS)} …` : first
}

const invalid = (fence: Fence, what: string): Step => ({
  type: 'invalid',
  message: `Line ${fence.start + 1}: the \`${fence.language}\` block ${what}`,
})

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readYaml = (text: string): { value: unknown } | { problem: string } => {
  try {
    return { value: parse(text) }
  } catch (error) {
    return {
      problem: `is neither YAML nor JSON: ${(error instanceof Error ? error.message : String(error)).split('\n', 1)[0]}`,
    }
  }
}

const shell = (fence: Fence): Step => {
  const command = fence.lines.join('\n')
  if (command.trim() === '') return invalid(fence, 'is empty')
  const timeout = fence.attributes.timeout
  if (timeout !== undefined && !/^[1-9]\d{0,8}$/.test(timeout)) return invalid(fence, 'needs timeout= in whole seconds')
  const args = { command, ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }) }
  return { type: 'call', tool: 'bash', args, label: label(command) }
}

const file = (fence: Fence): Step => {
  const path = fence.attributes.path
  if (!path) return invalid(fence, 'needs path=, for example ```file path=src/a.ts')
  return { type: 'call', tool: 'write_file', args: { path, content: fileText(fence) }, label: path }
}

const parallel = (fence: Fence): Step => {
  const read = readYaml(fence.lines.join('\n'))
  if ('problem' in read) return invalid(fence, read.problem)
  const tasks = isRecord(read.value) ? read.value.tasks : read.value
  if (!Array.isArray(tasks)) return invalid(fence, 'must be a list of tasks, each with name, prompt and depends_on')
  const listed = tasks.map((task: unknown) =>
    isRecord(task) && typeof task.depends_on === 'string' ? { ...task, depends_on: [task.depends_on] } : task,
  )
  const names = listed.map(task => (isRecord(task) ? String(task.name) : '?'))
  return { type: 'call', tool: 'parallel', args: { tasks: listed }, label: names.join(', ') }
}

/** The question, and what stands in a list at its end as the options. */
const ask = (fence: Fence): Step => {
  const lines = fence.lines.join('\n').trim().split('\n')
  const lastProse = lines.findLastIndex(line => !/^\s*[-*]\s+\S/.test(line))
  const question = lines
    .slice(0, lastProse + 1)
    .join('\n')
    .trim()
  if (question === '') return invalid(fence, 'needs a question')
  const options = lines.slice(lastProse + 1).map(line => line.replace(/^\s*[-*]\s+/, '').trim())
  return {
    type: 'call',
    tool: 'ask_user',
    args: { question, ...(options.length > 0 ? { options } : {}) },
    label: label(question),
  }
}

const anyTool = (fence: Fence): Step => {
  const name = fence.attributes.name
  if (!name) return invalid(fence, 'needs name=, for example ```tool name=list_files')
  const read = readYaml(fence.lines.join('\n'))
  if ('problem' in read) return invalid(fence, read.problem)
  if (read.value !== null && !isRecord(read.value)) return invalid(fence, 'must hold the arguments as one object')
  return { type: 'call', tool: name, args: read.value ?? {}, label: name }
}

const stepOf = (fence: Fence): Step | null => {
  if (SHELLS.has(fence.language)) return shell(fence)
  switch (fence.language) {
    case 'file':
      return file(fence)
    case 'parallel':
      return parallel(fence)
    case 'ask':
      return ask(fence)
    case 'say':
      return { type: 'say', text: fence.lines.join('\n').trim() }
    case 'tool':
      return anyTool(fence)
    default:
      return null
  }
}

/**
 * What a message asks for: what stands after the line `[Your task]`, where there is one. After the outputs of
 * prerequisites it is the first such line (`contextBlock` sees to that); in a plain message the first outside of
 * fenced blocks, since a block may write such a line into a file.
 */
export const instructions = (message: string): string => {
  if (message.startsWith(CONTEXT_START)) return taskText(message)
  const { lines, fences } = scanFences(message)
  const inFence = (at: number) => fences.some(fence => at >= fence.start && at < fence.end)
  const at = lines.findIndex((line, index) => line.trimEnd() === TASK_LINE && !inFence(index))
  return at < 0 ? message : lines.slice(at + 1).join('\n')
}

/**
 * The steps that a message asks for, in order; none for plain text. Where tasks can be proposed and there are
 * `## Title` sections, the one step proposes them. Where anything is wrong, the only step is `invalid`, so that
 * nothing runs before the Markdown is right.
 */
export const readProgram = (message: string, canPropose: boolean): Step[] => {
  const text = instructions(message)
  const proposed = canPropose ? proposal(text) : null
  if (proposed) {
    const titles = [...proposed.tasks.map(task => task.title), ...(proposed.remove ?? [])]
    return [{ type: 'call', tool: 'propose_tasks', args: proposed, label: titles.join(', ') }]
  }
  const steps = scanFences(text)
    .fences.map(stepOf)
    .filter(step => step !== null)
  const wrong = steps.filter(step => step.type === 'invalid')
  return wrong.length > 0 ? [{ type: 'invalid', message: wrong.map(step => step.message).join('\n') }] : steps
}
