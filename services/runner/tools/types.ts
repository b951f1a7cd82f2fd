import type { ContainerToolName, ToolArgs } from '../../../shared/contract/tools.ts'
import type { RunCommand } from '../command.ts'
import type { Git } from '../git.ts'

/** What tools work with. */
export type ToolDeps = {
  /** The work tree, absolute. */
  root: string
  /** git over the work tree, in the runner's own repository. */
  git: Git
  runCommand: RunCommand
}
export type OnOutput = (chunk: Buffer) => void
/** The text for the model; `exitCode` only of `bash`. */
export type ToolAnswer = { text: string; exitCode?: number }
export type Tool<Name extends ContainerToolName> = (
  args: ToolArgs<Name>,
  deps: ToolDeps,
  onOutput: OnOutput,
) => Promise<ToolAnswer>
export type ToolOutcome = ToolAnswer & { ms: number }
export type RunTool = (call: { name: string; args: unknown }, onOutput?: OnOutput) => Promise<ToolOutcome>
