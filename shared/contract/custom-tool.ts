import { z } from 'zod'
import { LIMITS } from '../domain/limits.ts'

const { customTools, tools } = LIMITS

/** Where a project's tools are described: `<name>.json` each. */
export const CUSTOM_TOOLS_FOLDER = '.slipway/tools'

/** Names that begin so belong to the tools of MCP servers. */
export const MCP_TOOL_PREFIX = 'mcp_'

export const CustomToolName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower case letters, digits and _, beginning with a letter')

/** A path of the work tree, as it stands in arguments and manifests. */
export const ToolPath = z
  .string()
  .max(tools.pathChars)
  .refine(value => !value.includes('\u0000'), 'must not contain a NUL character')

/** What says of a tool, beside its script. */
export const customToolFields = {
  name: CustomToolName,
  description: z
    .string()
    .min(1)
    .max(customTools.descriptionChars)
    .refine(value => !value.includes('\u0000') && value.isWellFormed(), 'must be well-formed text without NUL'),
  parameters: z
    .record(z.string(), z.unknown())
    .describe('JSON schema of the arguments: {"type": "object", "properties": …}'),
}

/** A file `.slipway/tools/<name>.json`. `script` is relative to the work tree. */
export const CustomToolManifest = z.strictObject({ ...customToolFields, script: ToolPath.min(1) })
export type CustomToolManifest = z.infer<typeof CustomToolManifest>

/*
 * What the worker asks of the program that looks after the manifests in the container, as JSON on its standard input, and what it
 * answers on its standard output.
 */
export type CustomToolRequest =
  | { do: 'list' }
  | { do: 'create'; name: string; description: string; parameters: Record<string, unknown>; script: string }
  | { do: 'register'; name: string; description: string; parameters: Record<string, unknown>; path: string }

/** A manifest as it lies there, or what is wrong with its file. */
const Found = z.object({
  file: z.string().max(300),
  manifest: z.unknown().optional(),
  problem: z.string().max(500).optional(),
})
export type FoundManifest = z.infer<typeof Found>

export const CustomToolAnswer = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('list'),
    found: z.array(Found).max(customTools.tools),
    /** Manifests beyond the most that a project may have. */
    left: z.int().nonnegative(),
  }),
  z.object({ kind: z.literal('done'), script: z.string().max(tools.pathChars), ignored: z.boolean() }),
  z.object({ kind: z.literal('refused'), reason: z.string().max(2_000) }),
])
export type CustomToolAnswer = z.infer<typeof CustomToolAnswer>
