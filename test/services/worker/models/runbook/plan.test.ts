import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proposal } from '../../../../../services/worker/models/runbook/plan.ts'

test('every section becomes a task with its dependencies, the rest its plan', () => {
  const text = [
    '# The shop',
    'Some words before.',
    '## Database schema',
    'Tables for orders',
    'and customers.',
    '',
    '```sh',
    '## no heading',
    'after: nothing',
    '```',
    '## Dashboard ##',
    'after: Database schema',
    '- done when: the page shows all orders',
    '### Details',
    'Use a table.',
    '## Docs, and tests',
    'After: dashboard,  DATABASE schema',
    '# Appendix',
    'not part of any task',
  ].join('\n')
  expect(proposal(text)).toEqual({
    tasks: [
      {
        key: 'database-schema',
        title: 'Database schema',
        description: 'Tables for orders and customers.',
        plan: 'Tables for orders\nand customers.\n\n```sh\n## no heading\nafter: nothing\n```',
        doneWhen: 'Every block of the plan ran without an error.',
        dependsOn: [],
      },
      {
        key: 'dashboard',
        title: 'Dashboard',
        description: '### Details Use a table.',
        plan: '### Details\nUse a table.',
        doneWhen: 'the page shows all orders',
        dependsOn: ['database-schema'],
      },
      {
        key: 'docs-and-tests',
        title: 'Docs, and tests',
        description: 'Docs, and tests',
        plan: 'Docs, and tests',
        doneWhen: 'Every block of the plan ran without an error.',
        dependsOn: ['dashboard', 'database-schema'],
      },
    ],
  })
})

test('titles with commas and unknown names in a list of dependencies', () => {
  const tasks = proposal('## A, b\n## C\n## D\nafter: a, B, task-17, C, c')!.tasks
  expect(tasks[2]!.dependsOn).toEqual(['a-b', 'task-17', 'c'])
})

test('two sections of one title get keys of their own', () => {
  expect(proposal('## Same\n## Same\n## Same')!.tasks.map(task => task.key)).toEqual(['same', 'same-2', 'same-3'])
})

test('no sections, no proposal', () => {
  expect(proposal('# One\n### Three\n##not a heading\n    ## indented too far\n```\n## in a block\n```')).toBeNull()
})

test('any graph written as headings comes out as it went in', () => {
  const title = fc.stringMatching(/^[A-Z][a-z]{2,8}(, [a-z]{3})?$/)
  const graph = fc
    .uniqueArray(title, { minLength: 1, maxLength: 8, selector: each => each.toLowerCase() })
    .chain(titles =>
      fc.tuple(
        fc.constant(titles),
        fc.array(fc.subarray(titles), { minLength: titles.length, maxLength: titles.length }),
      ),
    )
  fc.assert(
    fc.property(graph, ([titles, after]) => {
      const text = titles
        .map(
          (each, at) =>
            `## ${each}\n${after[at]!.length > 0 ? `after: ${after[at]!.join(', ')}\n` : ''}\nPlan of ${at}.\n`,
        )
        .join('\n')
      const { tasks } = proposal(text)!
      const keyOf = new Map(tasks.map(task => [task.title, task.key]))
      expect(tasks.map(task => task.title)).toEqual(titles)
      expect(tasks.map(task => task.plan)).toEqual(titles.map((_, at) => `Plan of ${at}.`))
      expect(new Set(tasks.map(task => task.key)).size).toBe(titles.length)
      // A title with a comma may also read as two others: then either reading names known tasks only.
      const ambiguous = titles.some(each => each.includes(','))
      for (const [at, task] of tasks.entries()) {
        if (!ambiguous) expect(new Set(task.dependsOn)).toEqual(new Set(after[at]!.map(each => keyOf.get(each))))
        else expect(task.dependsOn.every(key => tasks.some(each => each.key === key))).toBe(true)
      }
    }),
  )
})

test('lines before the first section name drafts that are to go, by title or id', () => {
  const id = '019aa000-0000-7000-8000-000000000001'
  const text = `# Less of it\nremove: Docs, and tests, ${id}\n- Remove: Old page\n## Docs, and tests\nremove: not this\n`
  expect(proposal(text)).toMatchObject({
    remove: ['docs-and-tests', id, 'old-page'],
    tasks: [{ key: 'docs-and-tests', plan: 'remove: not this' }],
  })
  expect(proposal('remove: Old page')).toEqual({ tasks: [], remove: ['old-page'] })
  expect(proposal('```\nremove: Old page\n```')).toBeNull()
})

test('a dependency on a draft of an earlier message is named by the key that its title made', () => {
  const id = '019aa000-0000-7000-8000-000000000001'
  expect(proposal(`## Page\nafter: Database schema, ${id}`)!.tasks[0]!.dependsOn).toEqual(['database-schema', id])
})
