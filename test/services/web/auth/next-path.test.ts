import { expect, test } from 'vitest'
import { nextPath, signInCode } from '../../../../services/web/src/auth/next-path.ts'

test('signing in leads back to the page one came from', () => {
  expect(nextPath('/t/1?tab=log')).toBe('/t/1?tab=log')
})

test.each([
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\/evil',
  'javascript:alert(1)',
  '/a\n//b',
  '',
  undefined,
  7,
])('%j leads to the start page instead of elsewhere', next => {
  expect(nextPath(next)).toBe('/')
})

test('signing in never leads to signing in', () => {
  expect(nextPath('/signin?next=%2Fops')).toBe('/')
})

test('a link holds its code behind the hash', () => {
  expect(signInCode('#code=slw_abc-1')).toBe('slw_abc-1')
  expect(signInCode('code=slw_abc-1')).toBe('slw_abc-1')
  expect(signInCode('#other=1')).toBeNull()
  expect(signInCode('')).toBeNull()
})
