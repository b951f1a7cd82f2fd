import type { ToolSpec } from '../../../shared/contract/history.ts'
import { type ToolName, toolSpecs } from '../../../shared/contract/tools.ts'

/** One of Slipway's own tools as a model is offered it. */
export const specOf = (name: ToolName): ToolSpec => toolSpecs([name])[0]!
