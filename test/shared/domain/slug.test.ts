import fc from 'fast-check'
import { expect, test } from 'vitest'
import { oneLine, plainAscii } from '../../../shared/domain/line.ts'
import { branchName, slugify, taskNumberOf } from '../../../shared/domain/slug.ts'

test.each([
  ['Add a login page', 'add-a-login-page'],
  ['  Fix: user’s e-mail (again)!  ', 'fix-users-e-mail-again'],
  ['Größe & Überblick', 'grosse-uberblick'],
  ['../../etc/passwd', 'etc-passwd'],
  ['--upload-pack=x', 'upload-pack-x'],
  ['🚀', 'untitled'],
])('%j becomes %j', (text, slug) => {
  expect(slugify(text, 60)).toBe(slug)
})

test('a long title is cut between words', () => {
  expect(slugify('write comprehensive tests', 20)).toBe('write-comprehensive')
  expect(slugify('x'.repeat(30), 20)).toBe('x'.repeat(20))
})

test('a branch is named after the number and the title of its task', () => {
  expect(branchName(7, 'Write tests')).toBe('tasks/7-write-tests')
  expect(branchName(8, '你好')).toBe('tasks/8-task')
})

test.each([
  ['tasks/7-write-tests', 7],
  ['tasks/07-write-tests', null],
  ['tasks/7', null],
  ['tasks/9999999999-too-many', null],
  ['mine/tasks/7-x', null],
  ['main', null],
])('the task of the branch %s is %j', (branch, number) => {
  expect(taskNumberOf(branch)).toBe(number)
})

test('any text gives a slug that is safe in URLs, paths, refs and commands, and is its own slug', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
      const slug = slugify(text, max)
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(slug.length).toBeLessThanOrEqual(max)
      expect(slugify(slug, max)).toBe(slug)
    }),
    { numRuns: 500 },
  )
})

test('any text can be put on one line and into ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const line = oneLine(text)
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]| {2}|^ | $/u)
      expect(oneLine(line)).toBe(line)
      expect(plainAscii(line)).toMatch(/^\p{ASCII}*$/u)
    }),
  )
})
