import { expect, test } from 'vitest'
import { changesOf, faultsOfSettings, settingsForm } from '../../../../services/web/src/projects/settings-form.ts'
import { defaultSettings, type Project, UpdateProject } from '../../../../shared/contract/project.ts'

const project = (settings: Partial<Project['settings']> = {}): Project => ({
  id: '018f0000-0000-7000-8000-000000000000',
  slug: 'harbour',
  name: 'Harbour',
  defaultBranch: 'main',
  headSha: 'a'.repeat(40),
  cloneUrl: '',
  mainThreadId: '018f0000-0000-7000-8000-000000000001',
  settings: { ...defaultSettings('runbook'), ...settings },
  createdAt: '2026-01-01T00:00:00.000Z',
})

test('what is opened and saved again changes nothing, whatever is set', () => {
  const full = project({
    consultModel: 'openai:gpt',
    maxParallel: 3,
    budgetUsd: 2.5,
    autoAccept: true,
    checkCommand: 'npm test\nnpm run lint',
    egress: ['a.example', 'b.example'],
    mcpServers: { docs: { command: 'npx', args: ['docs'] } },
  })
  for (const one of [project(), full]) {
    expect(faultsOfSettings(settingsForm(one))).toEqual({})
    expect(changesOf(settingsForm(one), one)).toEqual({})
  }
})

test('only what was changed is sent, in a form that the API takes; empty fields mean none', () => {
  const before = project({ budgetUsd: 5, checkCommand: 'npm test' })
  const form = {
    ...settingsForm(before),
    name: ' Port ',
    budgetUsd: '',
    checkCommand: ' ',
    maxParallel: '4',
    egress: ' a.example \n\n',
    mcpServers: '{"docs": {"url": "https://docs.example/mcp"}}',
  }
  const changes = changesOf(form, before)
  expect(changes).toEqual({
    name: 'Port',
    settings: {
      budgetUsd: null,
      checkCommand: null,
      maxParallel: 4,
      egress: ['a.example'],
      mcpServers: { docs: { url: 'https://docs.example/mcp' } },
    },
  })
  expect(UpdateProject.safeParse(changes).success).toBe(true)
})

test.each([
  ['name', ' '],
  ['model', ''],
  ['maxParallel', '0'],
  ['maxParallel', 'two'],
  ['maxIterations', ''],
  ['maxIterations', '1.5'],
  ['budgetUsd', '-1'],
  ['budgetUsd', '0'],
  ['mcpServers', '[]'],
  ['mcpServers', 'null'],
  ['mcpServers', '{'],
] as const)('%s cannot be %j', (field, value) => {
  expect(Object.keys(faultsOfSettings({ ...settingsForm(project()), [field]: value }))).toEqual([field])
})
