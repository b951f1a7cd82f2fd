import { oneLine } from '../../../shared/domain/line.ts'
import type { TaskParked } from './failure.ts'

/** What people read once a message or result is too long for the model: the same words in every iteration, so that it is told once. */
export function cutNotice(model: string, contextTokens: number): string {
  const told = `The conversation is too long for ${model}: the agent is shown the longest messages and results without their middle, which stays whole here. For all of it to be read, choose a model that takes in more.`
  if (!model.startsWith('openai-compatible:')) return told
  const size = contextTokens.toLocaleString('en')
  return `${told} Slipway counts on ${size} tokens for this one; if it takes in more, set OPENAI_COMPATIBLE_CONTEXT_TOKENS of this installation.`
}

/** What people read when a provider asks for more patience than a run has: its words, and when the agent asks again. */
export function limitNotice(model: string, { message, until }: Pick<TaskParked, 'message' | 'until'>): string {
  const time = until.toISOString().replace(/T([\d:]+).*/, ' $1 UTC')
  return `${model} asks to wait: “${oneLine(message)}” The work goes on by itself at ${time}.`
}
