import { describe, expect, test } from 'vitest'
import { check, RULE_NAMES } from '../support/checker.ts'
import { startEngine } from '../support/engine.ts'
import { readHistory } from '../support/history.ts'
import { startRelay } from '../support/relay.ts'
import { type Distortion, seenAs } from '../support/seen-as.ts'
import { MUTANTS } from './mutants.ts'
import * as scenarios from './scenarios.ts'

/** Plays the scenario on an engine with the fault, if any, and gives what the checker says about it. */
async function play(scenario: scenarios.Scenario, distortion: Distortion = {}, withoutGates = false) {
  const engine = await startEngine({ seenAs: seenAs(distortion) })
  const { flow } = engine
  const open: typeof flow = { ...flow, add: jobs => flow.add(jobs.map(job => ({ ...job, gates: [] }))) }
  startRelay(engine, { db: seenAs(distortion)(engine.db), flow: withoutGates ? open : flow })
  const stage = scenarios.stageFor(engine)
  await scenario(stage)
  const history = await readHistory(engine.db, stage)
  return { history, violations: check(history) }
}

const { stageFor: _, ...plays } = scenarios

describe.each(Object.entries(plays))('%s', (_, scenario) => {
  test('leaves a clean history', async () => {
    const { history, violations } = await play(scenario)
    expect(violations).toEqual([])
    expect(history.events.length).toBeGreaterThan(1)
  })
})

describe('the checker notices when', () => {
  test.each(MUTANTS.map(mutant => [mutant.fault, mutant] as const))('%s', async (_, mutant) => {
    const { violations } = await play(mutant.scenario, mutant.distortion, mutant.withoutGates)
    expect(violations.map(({ rule }) => rule)).toContain(mutant.caughtBy)
  })

  test('each of its rules has been seen to notice something', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(12)
    expect(new Set(MUTANTS.map(({ caughtBy }) => caughtBy))).toEqual(new Set(RULE_NAMES))
  })
})
