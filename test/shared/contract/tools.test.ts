import { expect, test } from 'vitest'
import { CONTAINER_TOOLS, parseToolArgs, TOOL_NAMES, toolSpecs } from '../../../shared/contract/tools.ts'

test('the tools are those that are promised', () => {
  expect(CONTAINER_TOOLS).toEqual(['bash', 'read_file', 'write_file', 'edit_file', 'list_files', 'search'])
  expect(TOOL_NAMES.slice(6)).toEqual([
    'propose_tasks',
    'parallel',
    'task',
    'consult',
    'ask_user',
    'tool_create',
    'tool_register',
    'tool_list_custom',
  ])
})

test('a model is told each tool as a JSON schema of an object', () => {
  for (const spec of toolSpecs()) {
    expect(spec.parameters).toMatchObject({ type: 'object', additionalProperties: false })
    expect(spec.description.length).toBeGreaterThan(20)
  }
  const [bash] = toolSpecs(['bash'])
  expect(bash).toMatchObject({ name: 'bash', parameters: { required: ['command'] } })
})

test('wrong arguments are answered with what is wrong and what to do', () => {
  const wrong = [
    {},
    { command: 7 },
    { command: 'ls', timeout: 3 },
    { command: '' },
    null,
    'ls',
    [],
    { command: 'ls', timeoutSeconds: 601 },
  ]
  for (const args of wrong) {
    const parsed = parseToolArgs('bash', args)
    expect(parsed.ok, JSON.stringify(args)).toBe(false)
    if (!parsed.ok)
      expect(parsed.error).toMatch(
        /^Error: the arguments of bash are wrong: .*Its arguments are: command, timeoutSeconds/,
      )
  }
  expect(parseToolArgs('bash', { command: 'ls' })).toEqual({ ok: true, args: { command: 'ls' } })
})
