import { LIMITS } from '../../../../shared/domain/limits.ts'
import { TaskChoice, type TaskOption } from '../task/task-choice.tsx'
import { TextArea, TextField } from '../ui/field.tsx'
import type { DraftForm, faultsOf } from './draft-form.ts'

/** The fields of one draft. */
export function DraftFields({
  form,
  onChange,
  faults,
  choices,
  runbook,
}: {
  form: DraftForm
  onChange(form: DraftForm): void
  faults: ReturnType<typeof faultsOf>
  /** What it may depend on. */
  choices: TaskOption[]
  /** The project's model is the runbook, which runs what the plan says. */
  runbook: boolean
}) {
  const set = (change: Partial<DraftForm>) => onChange({ ...form, ...change })
  return (
    <>
      <TextField
        autoFocus
        error={faults?.title}
        label="Title"
        maxLength={LIMITS.task.titleChars}
        onChange={event => set({ title: event.target.value })}
        placeholder="What will be there afterwards"
        value={form.title}
      />
      <TextArea
        className="[&_textarea]:min-h-14"
        label="Description (optional)"
        maxLength={LIMITS.task.descriptionChars}
        onChange={event => set({ description: event.target.value })}
        placeholder="Why, and what to know about it"
        value={form.description}
      />
      <TextArea
        className="[&_textarea]:max-h-80 [&_textarea]:min-h-32"
        error={faults?.plan}
        hint={
          runbook
            ? 'Markdown. The runbook model runs ```sh blocks and writes ```file path=… blocks, in order.'
            : 'Markdown: the steps that the agent follows.'
        }
        label="Plan"
        maxLength={LIMITS.task.planChars}
        mono
        onChange={event => set({ plan: event.target.value })}
        placeholder={runbook ? '```sh\nnpm test\n```' : '1. …'}
        value={form.plan}
      />
      <TextArea
        className="[&_textarea]:min-h-14"
        label="Done when (optional)"
        maxLength={LIMITS.task.doneWhenChars}
        onChange={event => set({ doneWhen: event.target.value })}
        placeholder="How one sees that it is finished"
        value={form.doneWhen}
      />
      <div className="grid gap-4 sm:grid-cols-[1fr_9rem]">
        <TaskChoice
          chosen={form.dependsOn}
          hint="It starts when all of these are ready, and builds on their work."
          label="Depends on"
          onChange={dependsOn => set({ dependsOn })}
          options={choices}
        />
        <TextField
          error={faults?.priority}
          hint="Higher starts first."
          label="Priority"
          max={LIMITS.task.maxPriority}
          min={LIMITS.task.minPriority}
          onChange={event => set({ priority: event.target.value })}
          type="number"
          value={form.priority}
        />
      </div>
    </>
  )
}
