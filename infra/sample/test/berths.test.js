import assert from 'node:assert/strict'
import { test } from 'node:test'
import { berthFor } from '../src/berths.js'

test('a boat gets the smallest berth that it fits into', () => {
  assert.equal(berthFor(9).id, 2)
})

test('a boat that is too long gets none', () => {
  assert.equal(berthFor(30), undefined)
})
