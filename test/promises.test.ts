import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** The rows of the tables: a promise, and `path › name of a test` for each test that holds it, or `not covered yet: …`. */
const rows = readFileSync(join(root, 'test/promises.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| (Promise|---)/.test(line))
  .map(line => {
    const [promise = '', proof = ''] = line.split(' | ').map(cell => cell.replace(/^\| | \|$/g, ''))
    return { promise, proof }
  })

test('every promise names tests that are there, or says that nothing covers it yet', () => {
  expect(rows.length).toBeGreaterThan(50)
  const wrong = rows.flatMap(({ promise, proof }) => {
    if (/^not covered yet: \S/.test(proof)) return []
    const named = [...proof.matchAll(/`([^`›]+) › ([^`]+)`/g)]
    if (named.length === 0) return [`“${promise}” names no test`]
    return named.flatMap(([, path, name]) => (has(path!.trim(), name!.trim()) ? [] : [`${path}has no test “${name}”`]))
  })
  expect(wrong).toEqual([])
})

function has(path: string, name: string): boolean {
  const file = join(root, 'test', path)
  return existsSync(file) && readFileSync(file, 'utf8').includes(name)
}
