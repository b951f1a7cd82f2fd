import { globSync, readFileSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCycle, type Graph } from '../shared/domain/graph.ts'

const root = resolve(import.meta.dirname, '..')

type Sources = ReadonlyMap<string, string>

interface Rule {
  /** Areas that files of this area may import besides their own; 'any' sets no bound. */
  areas: readonly string[] | 'any'
  /** Whether a package or Node module may be imported. */
  allowsPackage(name: string, file: string): boolean
}

const anyPackage = () => true
const service: Rule = { areas: ['shared/domain', 'shared/contract', 'shared/runtime'], allowsPackage: anyPackage }

/** The direction of imports: domain ← contract ← runtime ← services, and services never import each other. */
const rules: Readonly<Record<string, Rule>> = {
  'shared/domain': { areas: [], allowsPackage: () => false },
  'shared/contract': {
    areas: ['shared/domain'],
    allowsPackage: (name, file) => name === 'zod' || (name === 'zod-openapi' && file.endsWith('/openapi.ts')),
  },
  'shared/runtime': { areas: ['shared/domain', 'shared/contract', 'prisma'], allowsPackage: anyPackage },
  'services/main.ts': { areas: 'any', allowsPackage: anyPackage },
  'services/api': service,
  'services/gateway': service,
  'services/worker': service,
  // Its image holds no other package.
  'services/runner': {
    areas: ['shared/domain', 'shared/contract'],
    allowsPackage: name => name === 'zod' || name.startsWith('node:'),
  },
  'services/web': {
    areas: ['shared/domain', 'shared/contract'],
    allowsPackage: (name, file) => !name.startsWith('node:') || file.endsWith('.config.ts'),
  },
}

const statements = [
  /^[ \t]*import\s+[\w*{][^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*export\s+(?:type\s+)?[*{][^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /^(?![ \t]*(?:\/\/|\*)).*?\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm,
]

/** What a source text imports and re-exports, types and dynamic imports too. */
function importsOf(text: string): string[] {
  return statements.flatMap(pattern => [...text.matchAll(pattern)].map(match => match[1]!))
}

function areaOf(file: string): string {
  const [top, second] = file.split('/')
  return top === 'shared' || top === 'services' ? `${top}/${second}` : top!
}

function isRelative(name: string): boolean {
  return name.startsWith('.')
}

/** A relative import as a path from the root, with the ending that it leaves out where it does. */
function target(file: string, name: string, sources: Sources): string {
  const path = posix.join(posix.dirname(file), name.replace(/\?.*$/, ''))
  return (
    [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`, `${path}/index.tsx`].find(one => sources.has(one)) ?? path
  )
}

/** Every import against the rules, as `file imports name`. */
function violations(sources: Sources): string[] {
  return [...sources].flatMap(([file, text]) => {
    const area = areaOf(file)
    const rule = rules[area]
    if (!rule) return [`${file} lies in no area that has a rule`]
    return importsOf(text)
      .filter(name => {
        if (!isRelative(name)) return !rule.allowsPackage(name, file)
        const to = areaOf(target(file, name, sources))
        return to !== area && rule.areas !== 'any' && !rule.areas.includes(to)
      })
      .map(name => `${file} imports ${name}`)
  })
}

/** Each file with those that it imports, as far as they are among the sources. */
function fileGraph(sources: Sources): Graph<string> {
  return new Map(
    [...sources].map(([file, text]) => [
      file,
      importsOf(text)
        .filter(isRelative)
        .map(name => target(file, name, sources)),
    ]),
  )
}

function sourcesOfProject(): Sources {
  const files = ['shared', 'services'].flatMap(folder => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root }))
  const own = files.filter(file => !/(^|\/)(node_modules|dist|generated)\//.test(file))
  return new Map(own.toSorted().map(file => [file, readFileSync(resolve(root, file), 'utf8')]))
}

describe('the project', () => {
  const sources = sourcesOfProject()

  test('is seen', () => {
    expect(sources.has('shared/domain/graph.ts')).toBe(true)
    expect(fileGraph(sources).get('shared/domain/context-block.ts')).toContain('shared/domain/limits.ts')
  })

  test('imports in one direction only', () => {
    expect(violations(sources)).toEqual([])
  })

  test('has no circle of imports', () => {
    expect(findCycle(fileGraph(sources))?.join(' → ') ?? null).toBeNull()
  })
})

describe('a breach is told with its file', () => {
  const breaches: [string, string][] = [
    ['shared/domain/a.ts', `import { z } from 'zod'`],
    ['shared/domain/a.ts', `import { join } from 'node:path'`],
    ['shared/domain/a.ts', `import type { Task } from '../contract/task.ts'`],
    ['shared/contract/a.ts', `import {\n  one,\n  two,\n} from '../runtime/db.ts'`],
    ['shared/contract/a.ts', `import type { Readable } from 'node:stream'`],
    ['shared/contract/a.ts', `import 'zod-openapi'`],
    ['shared/runtime/a.ts', `export * from '../../services/api/app.ts'`],
    ['shared/runtime/a/b.ts', `const x = await import('../../../test/support/servers.ts')`],
    ['services/api/a.ts', `import { loop } from '../worker/loop.ts'`],
    ['services/api/a.ts', `import '../main.ts'`],
    ['services/worker/models/a.ts', `let x: import('../../gateway/app.ts').App`],
    ['services/runner/a.ts', `import { log } from '../../shared/runtime/log.ts'`],
    ['services/runner/a.ts', `import { generateText } from 'ai'`],
    ['services/web/src/a.tsx', `export { db } from '../../../shared/runtime/db.ts'`],
    ['services/web/src/a.tsx', `import { readFile } from 'node:fs/promises'`],
    ['services/other/a.ts', ''],
    ['shared/a.ts', ''],
  ]
  test.each(breaches)('%s: %s', (file, text) => {
    expect(violations(new Map([[file, text]]))).toHaveLength(1)
    expect(violations(new Map([[file, text]]))[0]).toContain(file)
  })

  test('what is allowed is let through', () => {
    const sources = new Map([
      ['shared/domain/a.ts', `import { b } from './b.ts'\nexport const text = "from 'zod'"`],
      ['shared/contract/openapi.ts', `import { createDocument } from 'zod-openapi'\nimport { z } from 'zod'`],
      [
        'shared/runtime/a.ts',
        `import { Pool } from 'pg'\nimport { PrismaClient } from '../../prisma/generated/client.ts'`,
      ],
      ['services/main.ts', `import { api } from './api/service.ts'\nimport { migrate } from '../prisma/migrate.ts'`],
      ['services/web/vite.config.ts', `import { resolve } from 'node:path'`],
      ['services/runner/a.ts', `// import('ai')\nimport { spawn } from 'node:child_process'\nimport { z } from 'zod'`],
    ])
    expect(violations(sources)).toEqual([])
  })

  test('a circle of imports, by types or through a missing ending, is found', () => {
    const sources = new Map([
      ['services/web/src/a.tsx', `import { b } from './b'`],
      ['services/web/src/b.tsx', `import type { A } from './c/index.ts'`],
      ['services/web/src/c/index.ts', `export * from '../a.tsx'`],
    ])
    expect(findCycle(fileGraph(sources))).toEqual([
      'services/web/src/a.tsx',
      'services/web/src/b.tsx',
      'services/web/src/c/index.ts',
      'services/web/src/a.tsx',
    ])
  })
})
