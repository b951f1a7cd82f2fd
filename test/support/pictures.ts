import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PipelineTaskView, PipelineViewOptions } from '../../shared/domain/pipeline-view.ts'
import type { TaskState } from '../../shared/domain/task-state.ts'
import { SHAPES, type Shape, SIX } from './pipelines.ts'

export interface Picture {
  tasks: PipelineTaskView[]
  options?: PipelineViewOptions
}

const FOLDER = join(import.meta.dirname, '../shared/domain/golden')
/** Whole seconds of each task that has run. */
const SECONDS = 1

/** The picture of that name as it must be, without its last line end. */
export const golden = (name: string): string =>
  readFileSync(join(FOLDER, `${name.replaceAll(' ', '-')}.txt`), 'utf8').replace(/\n$/, '')

/** What the picture of a pipeline is called that stops at the failure of that one of the six, as the tasks run one by one. */
export const failing = (name: string): string => `six ${name} failed`

/** A task in the state that its letter says, in the order of the shape: `d`one, `r`unning, `p`ending, `f`ailed, `c`ancelled, `s`kipped. */
function at(shape: Shape, letters: string): PipelineTaskView[] {
  const states: Record<string, TaskState> = {
    d: 'done',
    r: 'active',
    p: 'queued',
    f: 'failed',
    c: 'cancelled',
    s: 'skipped',
  }
  return Object.entries(shape).map(([name, dependsOn], index) => {
    const state = states[letters[index]!]!
    return { name, dependsOn, state, seconds: /[dfc]/.test(letters[index]!) ? SECONDS : null }
  })
}

/** Every picture that stands in a file. */
export const PICTURES: Record<string, Picture> = {
  'linear running': { tasks: at(SHAPES.linear, 'drp') },
  'linear done': { tasks: at(SHAPES.linear, 'ddd') },
  'linear failed': { tasks: at(SHAPES.linear, 'dfs') },
  'fan-out pending': { tasks: at(SHAPES['fan-out'], 'rpp') },
  'fan-out running': { tasks: at(SHAPES['fan-out'], 'drr') },
  'fan-out failed': { tasks: at(SHAPES['fan-out'], 'dfc') },
  'diamond running': { tasks: at(SHAPES.diamond, 'drp') },
  'diamond done': { tasks: at(SHAPES.diamond, 'ddd') },
  'diamond failed': { tasks: at(SHAPES.diamond, 'fcs') },
  'three levels running': { tasks: at(SHAPES['three levels'], 'ddrp') },
  'three levels done': { tasks: at(SHAPES['three levels'], 'dddd') },
  'three levels failed': { tasks: at(SHAPES['three levels'], 'ddfs') },
  '8 wide running': { tasks: at(SHAPES['8 wide'], 'ddrrrrpp') },
  '8 wide done': { tasks: at(SHAPES['8 wide'], 'dddddddd') },
  '8 wide failed': { tasks: at(SHAPES['8 wide'], 'dfcccccs') },
  'six running': { tasks: at(SIX, 'ddrrpr') },
  'six running ascii': { tasks: at(SIX, 'ddrrpr'), options: { ascii: true } },
  'six running chains': { tasks: at(SIX, 'ddrrpr'), options: { view: 'chains' } },
  'linear running list': { tasks: at(SHAPES.linear, 'drp'), options: { view: 'list' } },
  ...Object.fromEntries(
    Object.keys(SIX).map((name, index) => [
      failing(name),
      { tasks: at(SIX, `${'d'.repeat(index)}f${'s'.repeat(5 - index)}`) },
    ]),
  ),
}
