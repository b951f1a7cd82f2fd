import { setTimeout as pause } from 'node:timers/promises'
import type { Claim, TaskStore } from '../../shared/runtime/task-store/index.ts'
import { type Dag, randomDag, settledStates } from '../support/dags.ts'
import type { Engine, Project } from '../support/engine.ts'
import type { History } from '../support/history.ts'
import { iterate, sha } from '../support/runs.ts'

/** Random graphs under way on an engine, and what must become of them. */
export interface Load {
  execute(store: TaskStore): (claim: Claim) => Promise<void>
  add(count: number): Promise<void>
  /** The tasks that are not in the state in which they must be. */
  unsettled(history: History): string[]
}

/** Graphs whose tasks take a few steps of some milliseconds each; some fail. Nothing is cancelled. */
export function createLoad(engine: Engine, next: () => number, stepMs = 20): Load {
  const graphs: { project: Project; dag: Dag; ids: string[] }[] = []
  const failing = new Set<string>()
  return {
    execute: store => async claim => {
      await store.open(claim, { baseSha: sha('1'), prompt: claim.title })
      const { iteration: from } = await store.load(claim)
      for (let iteration = from + 1; iteration <= 2; iteration++) {
        await pause(stepMs)
        await iterate(store, claim, iteration)
      }
      if (failing.has(claim.taskId)) await store.fail(claim, { code: 'planned', message: 'planned' })
      else await store.ready(claim, { headSha: sha('2'), branch: `tasks/${claim.number}`, output: claim.title })
    },
    async add(count) {
      for (let index = 0; index < count; index++) {
        const dag = randomDag(next, 20)
        const project = await engine.project({ plan: index % 2 === 0 ? 'pro' : 'core' })
        const ids = await engine.store.createDrafts(project.id, dag.drafts)
        for (const [place, { key }] of dag.drafts.entries())
          if (dag.fates.get(key) === 'failed') failing.add(ids[place]!)
        graphs.push({ project, dag, ids })
        await engine.store.accept(project.id)
      }
    },
    unsettled({ tasks }) {
      const states = new Map(tasks.map(task => [task.id, task.state]))
      return graphs.flatMap(({ dag, ids }) => {
        const edges = new Map(dag.drafts.map(({ key, dependsOn }) => [key, dependsOn]))
        const wanted = settledStates(edges, dag.fates, new Set())
        return dag.drafts.flatMap(({ key }, place) => {
          const state = states.get(ids[place]!)
          return state === wanted.get(key) ? [] : [`${key} is ${state} instead of ${wanted.get(key)}`]
        })
      })
    },
  }
}
