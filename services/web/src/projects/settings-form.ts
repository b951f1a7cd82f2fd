import type { Project, ProjectSettings, UpdateProject } from '../../../../shared/contract/project.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { budgetFrom } from '../task/money-words.ts'

/** A project's settings as they are being edited: numbers and lists as text, empty for none. */
export interface SettingsForm {
  name: string
  model: string
  consultModel: string
  maxParallel: string
  maxIterations: string
  budgetUsd: string
  autoAccept: boolean
  autoApply: boolean
  setupCommand: string
  checkCommand: string
  /** One host a line. */
  egress: string
  /** JSON. */
  mcpServers: string
}

export function settingsForm({ name, settings }: Project): SettingsForm {
  const text = (value: string | number | null) => (value === null ? '' : String(value))
  return {
    name,
    model: settings.model,
    consultModel: text(settings.consultModel),
    maxParallel: text(settings.maxParallel),
    maxIterations: text(settings.maxIterations),
    budgetUsd: text(settings.budgetUsd),
    autoAccept: settings.autoAccept,
    autoApply: settings.autoApply,
    setupCommand: text(settings.setupCommand),
    checkCommand: text(settings.checkCommand),
    egress: settings.egress.join('\n'),
    mcpServers: Object.keys(settings.mcpServers).length === 0 ? '' : JSON.stringify(settings.mcpServers, null, 2),
  }
}

export type SettingsFaults = Partial<Record<keyof SettingsForm, string>>

/** What cannot be saved, by field. What only the API can tell (a model without a key) is not looked at. */
export function faultsOfSettings(form: SettingsForm): SettingsFaults {
  const { maxParallelCeiling, maxIterationsCeiling } = LIMITS.project
  return {
    ...(form.name.trim() === '' && { name: 'Give it a name.' }),
    ...(form.model.trim() === '' && { model: 'Name a model, for example runbook.' }),
    ...(form.maxParallel.trim() !== '' &&
      !isWhole(form.maxParallel, maxParallelCeiling) && {
        maxParallel: `A whole number from 1 to ${maxParallelCeiling.toLocaleString('en')}, or nothing.`,
      }),
    ...(!isWhole(form.maxIterations, maxIterationsCeiling) && {
      maxIterations: `A whole number from 1 to ${maxIterationsCeiling.toLocaleString('en')}.`,
    }),
    ...(budgetFrom(form.budgetUsd, LIMITS.money.budgetUsd) === 'wrong' && {
      budgetUsd: 'Dollars above 0, or nothing.',
    }),
    ...(serversFrom(form.mcpServers) === null && {
      mcpServers: 'This is no JSON object, such as {"docs": {"command": "npx", "args": ["docs-server"]}}.',
    }),
  }
}

/** What differs from the project as it is, as the API takes it. The form must have no faults. */
export function changesOf(form: SettingsForm, project: Project): UpdateProject {
  const some = (text: string) => text.trim() || null
  const wanted: Partial<ProjectSettings> = {
    model: form.model.trim(),
    consultModel: some(form.consultModel),
    maxParallel: form.maxParallel.trim() === '' ? null : Number(form.maxParallel),
    maxIterations: Number(form.maxIterations),
    budgetUsd: budgetFrom(form.budgetUsd, LIMITS.money.budgetUsd) as number | null,
    autoAccept: form.autoAccept,
    autoApply: form.autoApply,
    setupCommand: some(form.setupCommand),
    checkCommand: some(form.checkCommand),
    egress: form.egress.split('\n').flatMap(line => line.trim() || []),
    mcpServers: serversFrom(form.mcpServers) as ProjectSettings['mcpServers'],
  }
  const differs = (key: string) =>
    JSON.stringify(wanted[key as keyof ProjectSettings]) !==
    JSON.stringify(project.settings[key as keyof ProjectSettings])
  const settings = Object.fromEntries(Object.entries(wanted).filter(([key]) => differs(key)))
  return {
    ...(form.name.trim() !== project.name && { name: form.name.trim() }),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
}

const isWhole = (text: string, most: number): boolean => {
  const value = Number(text)
  return text.trim() !== '' && Number.isInteger(value) && value >= 1 && value <= most
}

/** The servers that a text names, or null where it is no JSON object. What they must have is the API's to say. */
function serversFrom(text: string): object | null {
  if (text.trim() === '') return {}
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : null
  } catch {
    return null
  }
}
