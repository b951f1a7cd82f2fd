import { z } from 'zod'

/**
 * A tool call as the model made it. `args` is absent where the call cannot be carried out as it stands (arguments that
 * are no JSON object, a tool that does not exist); `error` then says why, worded as the call's result.
 */
export const ToolCall = z.object({
  id: z.string().min(1),
  name: z.string(),
  args: z.unknown().optional(),
  error: z.string().optional(),
})
export type ToolCall = z.infer<typeof ToolCall>

/** Plain text that answers the call `callId`; an error starts with `Error:`. */
export const ToolResult = z.object({ callId: z.string(), name: z.string(), text: z.string() })
export type ToolResult = z.infer<typeof ToolResult>

/**
 * One message of a thread as a model reads it. `providerMetadata` belongs to the model broker alone: thinking
 * signatures, thought signatures and item ids that the provider wants back; keep it as it is, or leave it out.
 */
export const HistoryMessage = z.discriminatedUnion('role', [
  /** `notice`: no person said it, but the system. */
  z.object({ role: z.literal('user'), text: z.string(), notice: z.literal(true).optional() }),
  z.object({
    role: z.literal('assistant'),
    text: z.string(),
    calls: z.array(ToolCall),
    providerMetadata: z.unknown().optional(),
  }),
  z.object({ role: z.literal('tool'), results: z.array(ToolResult) }),
])
export type HistoryMessage = z.infer<typeof HistoryMessage>
export type AssistantMessage = Extract<HistoryMessage, { role: 'assistant' }>

/** Tokens of one reply. `inputTokens` includes those read from and written to the provider's cache. */
export const Usage = z.object({
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  cachedInputTokens: z.int().nonnegative().optional(),
  cacheWriteInputTokens: z.int().nonnegative().optional(),
})
export type Usage = z.infer<typeof Usage>

/**
 * A complete reply. `truncated`: the provider cut it at its output limit. `failure`: the model itself says that the
 * task has failed (`runbook` does, when a command ends with a non-zero exit code); `text` tells the rest.
 */
export const ModelReply = z.object({
  text: z.string(),
  calls: z.array(ToolCall),
  usage: Usage,
  truncated: z.boolean().optional(),
  failure: z.object({ message: z.string() }).optional(),
  providerMetadata: z.unknown().optional(),
})
export type ModelReply = z.infer<typeof ModelReply>

/** A tool as a model is offered it; `parameters` is a JSON Schema of an object. */
export type ToolSpec = { name: string; description: string; parameters: Record<string, unknown> }

/** The result of a container tool call during which its worker or container was lost. */
export const INTERRUPTED_RESULT =
  'Error: interrupted, outcome unknown, workspace restored to the last checkpoint. Run it again if it is still needed.'

/** Whether a result is the interruption notice, so that the call's outcome is unknown. */
export const isInterrupted = (text: string): boolean => text === INTERRUPTED_RESULT
