import { type ReactNode, useId } from 'react'
import type { UsageTotal } from '../../../../shared/contract/usage.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { dollars, tokenWords } from '../task/money-words.ts'
import { TextArea, TextField } from '../ui/field.tsx'
import type { SettingsFaults, SettingsForm } from './settings-form.ts'

/** The fields of a project's settings, in groups. */
export function SettingsFields({
  form,
  onChange,
  faults,
  models,
  spent,
}: {
  form: SettingsForm
  onChange(form: SettingsForm): void
  faults: SettingsFaults
  /** Those that have a key. */
  models: string[]
  /** What the project has used so far. */
  spent: UsageTotal | null
}) {
  const list = useId()
  /** A text field for one of the settings. */
  const field = (name: keyof SettingsForm & string) => ({
    value: form[name] as string,
    error: faults[name],
    onChange: (event: { target: { value: string } }) => onChange({ ...form, [name]: event.target.value }),
  })
  return (
    <>
      <TextField {...field('name')} label="Name" maxLength={LIMITS.project.nameChars} />
      <Group title="Models">
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField {...field('model')} hint="New tasks use it." label="Model" list={list} />
          <TextField
            {...field('consultModel')}
            hint="Whom the agent asks for a second opinion. Empty: nobody."
            label="Model to consult"
            list={list}
            placeholder="none"
          />
        </div>
        <datalist id={list}>
          {models.map(model => (
            <option key={model} value={model} />
          ))}
        </datalist>
      </Group>
      <Group title="Autopilot">
        <Switch
          checked={form.autoAccept}
          hint="What the agent proposes starts at once."
          label="Accept proposed tasks by itself"
          onChange={autoAccept => onChange({ ...form, autoAccept })}
        />
        <Switch
          checked={form.autoApply}
          hint="Finished tasks reach the main version without your review, unless their checks fail."
          label="Apply finished tasks by itself"
          onChange={autoApply => onChange({ ...form, autoApply })}
        />
      </Group>
      <Group title="Limits">
        <div className="grid gap-4 sm:grid-cols-3">
          <TextField
            {...field('maxParallel')}
            hint="Within your plan's limit."
            inputMode="numeric"
            label="Tasks at once"
            placeholder="as the plan says"
          />
          <TextField {...field('maxIterations')} hint="Then it stops." inputMode="numeric" label="Steps of a run" />
          <TextField
            {...field('budgetUsd')}
            hint="All tasks and threads together. At the limit they wait and ask."
            inputMode="decimal"
            label="Budget in dollars"
            placeholder="none"
          />
        </div>
        {spent && (
          <p className="text-muted text-xs">
            Spent so far: {dollars(spent.costUsd)} · {tokenWords(spent)} tokens
          </p>
        )}
      </Group>
      <Group title="Commands">
        <TextArea
          {...field('setupCommand')}
          hint="Runs in each container before the agent begins."
          label="Set-up command"
          maxLength={LIMITS.project.commandChars}
          mono
          placeholder="npm ci"
        />
        <TextArea
          {...field('checkCommand')}
          hint="Runs on every task's work before it is ready, and before it reaches main."
          label="Check command"
          maxLength={LIMITS.project.commandChars}
          mono
          placeholder="npm test"
        />
      </Group>
      <Group title="Outside">
        <TextArea
          {...field('egress')}
          hint="One a line. Containers reach nothing else."
          label="Hosts that containers may reach"
          mono
          placeholder="registry.example.com"
        />
        <TextArea
          {...field('mcpServers')}
          hint="JSON by name: a command and args that start in the container, or a url that the worker reaches."
          label="MCP servers"
          mono
          placeholder={'{"docs": {"command": "npx", "args": ["docs-server"]}}'}
        />
      </Group>
    </>
  )
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="space-y-3">
      <legend className="mb-2 font-semibold text-2xs text-muted uppercase tracking-wide">{title}</legend>
      {children}
    </fieldset>
  )
}

function Switch({
  label,
  hint,
  checked,
  onChange,
}: {
  label: string
  hint: string
  checked: boolean
  onChange(checked: boolean): void
}) {
  const id = useId()
  return (
    <div className="flex gap-2.5">
      <input
        aria-describedby={`${id}-note`}
        checked={checked}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        id={id}
        onChange={event => onChange(event.target.checked)}
        type="checkbox"
      />
      <div>
        <label className="block font-medium text-sm" htmlFor={id}>
          {label}
        </label>
        <p className="text-muted text-xs" id={`${id}-note`}>
          {hint}
        </p>
      </div>
    </div>
  )
}
