import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderPipeline } from '../../../shared/domain/pipeline-view.ts'
import { golden, PICTURES } from '../../support/pictures.ts'

test.each(Object.entries(PICTURES))('%s is drawn as its file shows it', (name, { tasks, options }) => {
  expect(renderPipeline(tasks, options)).toBe(golden(name))
})

test('every file is the picture of something', () => {
  const files = readdirSync(join(import.meta.dirname, 'golden')).sort()
  expect(files).toEqual(
    Object.keys(PICTURES)
      .map(name => `${name.replaceAll(' ', '-')}.txt`)
      .sort(),
  )
})
