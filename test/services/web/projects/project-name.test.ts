import { expect, test } from 'vitest'
import { projectName } from '../../../../services/web/src/projects/project-name.ts'

test.each([
  ['https://host.example/owner/harbour.git', 'harbour'],
  ['git@host.example:owner/harbour.git/', 'harbour'],
  ['ssh://host.example/harbour?x=1', 'harbour'],
  ['', 'Repository'],
])('a project from %j is called %s', (url, name) => {
  expect(projectName({ kind: 'git', url })).toBe(name)
})

test('a long name is cut to what the API takes', () => {
  expect(projectName({ kind: 'git', url: 'x'.repeat(500) })).toHaveLength(100)
})
