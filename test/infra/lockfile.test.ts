import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completeLock } from '../../infra/lockfile.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))

test('the lock file names every package that npm looks for, on every system', () => {
  expect(completeLock(read('package-lock.json').packages)).toEqual([])
})

test('the lock file says what package.json says, and package.json pins exactly', () => {
  const { dependencies, devDependencies } = read('package.json')
  const locked = read('package-lock.json').packages['']
  expect(locked.dependencies).toEqual(dependencies)
  expect(locked.devDependencies).toEqual(devDependencies)
  for (const version of Object.values({ ...dependencies, ...devDependencies })) expect(version).toMatch(/^\d/)
})

test('a binary that a mirror lacks is added with where it fits; one that is there, also nested, is not', () => {
  const entries = {
    'node_modules/tool': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@tool/linux-x64-musl': '2.0.0', '@tool/darwin-arm64': '2.0.0', nested: '1.0.0' },
    },
    'node_modules/@tool/darwin-arm64': { version: '2.0.0' },
    'node_modules/tool/node_modules/nested': { version: '1.0.0' },
  }
  expect(completeLock(entries)).toEqual(['@tool/linux-x64-musl'])
  expect(entries).toHaveProperty(['node_modules/@tool/linux-x64-musl'], {
    version: '2.0.0',
    cpu: ['x64'],
    os: ['linux'],
    libc: ['musl'],
    dev: true,
    optional: true,
  })
})
