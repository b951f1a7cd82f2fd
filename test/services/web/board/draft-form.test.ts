import { expect, test } from 'vitest'
import { emptyForm, faultsOf, freshKey, isBlank, toDrafts } from '../../../../services/web/src/board/draft-form.ts'
import { CreateTasks } from '../../../../shared/contract/task.ts'

const form = (given: Partial<ReturnType<typeof emptyForm>>) => ({ ...emptyForm(), ...given })

test('a draft needs a title and a plan, and a whole priority within bounds', () => {
  expect(faultsOf(emptyForm())).toMatchObject({ title: expect.any(String), plan: expect.any(String) })
  expect(faultsOf(form({ title: 'T', plan: 'P' }))).toBeNull()
  for (const priority of ['1.5', '101', '-101', 'x']) {
    expect(faultsOf(form({ title: 'T', plan: 'P', priority })), priority).toHaveProperty('priority')
  }
})

test('spaces alone are nothing', () => {
  expect(isBlank(form({ title: '  ', plan: '\n' }))).toBe(true)
  expect(faultsOf(form({ title: ' ', plan: ' ' }))).toHaveProperty('title')
})

test('keys come from titles and are taken once', () => {
  expect(freshKey('Write Schema!', [])).toBe('write-schema')
  expect(freshKey('Write Schema!', ['write-schema', 'write-schema-2'])).toBe('write-schema-3')
  expect(freshKey('???', [])).toBe('task')
  expect(freshKey('x'.repeat(500), ['x'.repeat(94)]).length).toBeLessThanOrEqual(100)
})

test('a batch is what the API takes, without prerequisites that were removed again', () => {
  const forms = [
    form({ key: 'a', title: ' A ', plan: 'do a' }),
    form({ key: 'b', title: 'B', plan: 'do b', dependsOn: ['a', 'id-1', 'gone'], priority: '5' }),
  ]
  const drafts = toDrafts(forms, [{ id: 'id-1' }])
  expect(CreateTasks.safeParse({ tasks: drafts }).success).toBe(true)
  expect(drafts[0]!.title).toBe('A')
  expect(drafts[1]).toMatchObject({ dependsOn: ['a', 'id-1'], priority: 5 })
})
