import { List, Type, Workflow } from 'lucide-react'
import { useId, useState } from 'react'
import type { Pipeline } from '../../../../shared/contract/task.ts'
import { dollars } from '../task/money-words.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { PipelineList } from './pipeline-list.tsx'
import { PipelinePicture } from './pipeline-picture.tsx'
import { pipelineSummary } from './pipeline-words.ts'

const KEY = 'slipway.pipeline-view'
const views = [
  { value: 'picture', icon: Workflow, word: 'Picture' },
  { value: 'list', icon: List, word: 'List' },
  { value: 'text', icon: Type, word: 'Text' },
] as const
type View = (typeof views)[number]['value']

/** A pipeline, live: as a picture, as a list with the same data, or as text to copy. Which one is remembered. */
export function PipelineView({ pipeline }: { pipeline: Pipeline }) {
  const id = useId()
  const [view, setView] = useState<View>(
    () => views.find(({ value }) => value === localStorage.getItem(KEY))?.value ?? 'picture',
  )
  const choose = (next: View) => {
    localStorage.setItem(KEY, next)
    setView(next)
  }
  return (
    <section aria-labelledby={id} className="space-y-2.5" data-pipeline={pipeline.state}>
      <header className="flex flex-wrap items-center gap-2">
        <h3 className="min-w-0 flex-1 font-medium text-xs" id={id}>
          <span aria-hidden>⚡ </span>
          {pipeline.kind === 'task' ? 'Sub-agent' : 'Pipeline'}:{' '}
          <span className="font-normal">
            {pipelineSummary(pipeline)}
            {pipeline.usage.costUsd > 0 && ` · ${dollars(pipeline.usage.costUsd)}`}
          </span>
        </h3>
        <ChoiceBar choices={views} label="How to show the pipeline" onChange={choose} value={view} />
      </header>
      {view === 'picture' && <PipelinePicture pipeline={pipeline} />}
      {view === 'list' && <PipelineList pipeline={pipeline} />}
      {view === 'text' && (
        <div className="relative rounded-md border border-line bg-sunken">
          <pre className="overflow-x-auto px-3 py-2 pr-10 font-mono text-xs leading-relaxed">{pipeline.view}</pre>
          <div className="absolute top-0.5 right-0.5">
            <CopyButton label="Copy the pipeline as text" text={pipeline.view} />
          </div>
        </div>
      )}
    </section>
  )
}
