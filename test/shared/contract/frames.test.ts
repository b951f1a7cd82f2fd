import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createDecoder,
  createEncoder,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES,
  type Frame,
  FrameError,
} from '../../../shared/contract/frames.ts'
import { seed } from '../../support/scale.ts'

const MESSAGE_BYTES = 4 * 1024 * 1024

const bytesOf = (arrays: Uint8Array[]) => Buffer.concat(arrays)
const json = (value: unknown): Frame => ({ kind: 'json', value })

/** A frame as a hostile sender might write it. */
function rawFrame({
  length,
  kind = 0,
  sequence = 0,
  payload = '',
}: {
  length?: number
  kind?: number
  sequence?: number
  payload?: string
}) {
  const body = Buffer.from(payload)
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(length ?? body.length, 0)
  header.writeUInt8(kind, 4)
  header.writeUInt32BE(sequence, 5)
  return Buffer.concat([header, body])
}

test('messages and bytes arrive as sent, however the stream is cut', () => {
  const item = fc.oneof(
    fc.jsonValue().map(value => ({ message: value })),
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map(bytes => ({ bytes })),
  )
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 50 })), (items, cuts) => {
      const encoder = createEncoder()
      const wire = bytesOf(
        items.flatMap(each => ('bytes' in each ? encoder.bytes(each.bytes) : encoder.message(each.message))),
      )
      const decoder = createDecoder(MESSAGE_BYTES)
      const frames: Frame[] = []
      let at = 0
      for (const cut of cuts) {
        frames.push(...decoder.push(wire.subarray(at, at + cut)))
        at += cut
      }
      frames.push(...decoder.push(wire.subarray(at)))
      expect(decoder.atRest()).toBe(true)
      const expected = items.map(each =>
        'bytes' in each ? { kind: 'bytes', payload: each.bytes } : json(JSON.parse(JSON.stringify(each.message))),
      )
      expect(frames).toEqual(expected)
    }),
    { seed: seed(), numRuns: 200 },
  )
})

test('a message larger than a frame travels in parts and arrives whole', () => {
  const text = 'ü'.repeat(FRAME_PAYLOAD_BYTES)
  const frames = createEncoder().message({ text })
  expect(frames.length).toBe(3)
  expect(frames.every(frame => frame.length <= FRAME_PAYLOAD_BYTES + FRAME_HEADER_BYTES)).toBe(true)
  expect(createDecoder(MESSAGE_BYTES).push(bytesOf(frames))).toEqual([json({ text })])
})

test('an empty bytes frame is passed on: it ends a transfer', () => {
  const [end] = createEncoder().bytes(new Uint8Array(0))
  expect(createDecoder(MESSAGE_BYTES).push(end!)).toEqual([{ kind: 'bytes', payload: new Uint8Array(0) }])
})

test.each([
  ['a number is left out', [rawFrame({ payload: '1', sequence: 1 })]],
  ['a frame comes twice', [rawFrame({ payload: '1' }), rawFrame({ payload: '1' })]],
  ['a length is over the bound', [rawFrame({ length: FRAME_PAYLOAD_BYTES + 1 })]],
  ['a kind is unknown', [rawFrame({ kind: 3 })]],
  ['a message is not JSON', [rawFrame({ payload: '{"a":' })]],
  [
    'bytes come inside a message',
    [rawFrame({ kind: 2, payload: '{' }), rawFrame({ kind: 1, payload: 'x', sequence: 1 })],
  ],
  ['plain text comes instead of frames', [Buffer.from('hello, this is no frame at all')]],
])('it is refused when %s', (_, frames) => {
  const decoder = createDecoder(MESSAGE_BYTES)
  expect(() => decoder.push(Buffer.concat(frames))).toThrow(FrameError)
})

test('text that is not UTF-8 is refused', () => {
  const frame = rawFrame({ payload: '"ab"' })
  frame[FRAME_HEADER_BYTES + 1] = 0xff
  expect(() => createDecoder(MESSAGE_BYTES).push(frame)).toThrow(/UTF-8/)
})

test('parts that add up to more than a message may have are refused before the end', () => {
  const decoder = createDecoder(20)
  const part = (sequence: number) => rawFrame({ kind: 2, payload: '123456789', sequence })
  expect(decoder.push(Buffer.concat([part(0), part(1)]))).toEqual([])
  expect(() => decoder.push(part(2))).toThrow(FrameError)
})
