import { graphOf, topologicalOrder } from '../../../shared/domain/graph.ts'
import type { EndedPipeline } from '../../../shared/domain/pipeline-result.ts'
import type { PipelineOutcome, PipelineTask } from '../../../shared/runtime/task-store/pipeline-types.ts'
import type { RunDeps } from '../run/deps.ts'
import { mergeWork } from '../run/merge-work.ts'
import { keep } from '../run/publish.ts'
import type { ToolContext, ToolOutcome } from './types.ts'

/**
 * Starts sub-agents and parks the task until they have ended; called again then, it brings their work into that of the task and says what
 * came of them. It may be called any number of times: the sub-agents are started once, and the same merge is the same commit.
 */
export async function runSubAgents(
  deps: RunDeps,
  { claim, key, sha, signal }: ToolContext,
  tasks: readonly PipelineTask[],
  tell: (ended: EndedPipeline) => string,
): Promise<ToolOutcome> {
  const { store, git } = deps
  if (await store.startPipeline(claim, key, { tasks, baseSha: sha })) return { kind: 'parked' }
  const outcome = await store.pipelineOf(claim.taskId, key)
  if (!outcome || outcome.state === 'running') throw new Error('A pipeline that had ended is gone')
  const done = finished(outcome)
  const merge = {
    into: sha,
    tasks: done,
    message: 'Take in the work of sub-agents',
    at: outcome.finishedAt?.toISOString(),
  }
  const merged = await mergeWork(git, claim.projectId, merge, signal)
  if (merged.sha !== sha) await keep(deps, claim, merged.sha, signal)
  const ended = {
    state: outcome.state,
    tasks: outcome.tasks.map(({ activeSeconds: seconds, failure, ...task }) => ({
      ...task,
      seconds,
      failure: failure?.message ?? null,
    })),
    merged: done.filter(({ headSha, baseSha }) => headSha !== baseSha).map(({ name }) => name),
    clashes: merged.clashes,
  }
  return { kind: 'result', text: tell(ended), sha: merged.sha }
}

/** The tasks that are done, prerequisites first. */
function finished({ tasks }: PipelineOutcome) {
  const byName = new Map(tasks.map(task => [task.name, task]))
  const graph = graphOf(
    tasks,
    task => task.name,
    task => task.dependsOn,
  )
  return topologicalOrder(graph).flatMap(name => {
    const { state, headSha, baseSha } = byName.get(name)!
    return state === 'done' && headSha ? [{ name, headSha, baseSha }] : []
  })
}
