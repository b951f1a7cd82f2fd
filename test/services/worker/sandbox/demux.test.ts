import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { demux } from '../../../../services/worker/sandbox/demux.ts'

function multiplexed(...pieces: [stream: 1 | 2, text: string][]): Buffer {
  return Buffer.concat(
    pieces.flatMap(([stream, body]) => {
      const header = Buffer.alloc(8)
      header[0] = stream
      header.writeUInt32BE(Buffer.byteLength(body), 4)
      return [header, Buffer.from(body)]
    }),
  )
}

test('both outputs come apart, however the stream is cut', async () => {
  const whole = multiplexed([1, 'one '], [2, 'err'], [1, ''], [1, 'two'])
  for (let cut = 1; cut < whole.length; cut++) {
    const chunks = [whole.subarray(0, cut), whole.subarray(cut)]
    const { stdout, stderr } = demux(Readable.from(chunks))
    expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['one two', 'err'])
  }
})

test('a flood is held up until someone reads', async () => {
  const source = new PassThrough()
  const { stdout, stderr } = demux(source)
  stderr.resume()
  const piece = multiplexed([1, 'x'.repeat(60_000)])
  let written = 0
  while (source.write(piece) && written < 1_000) {
    written++
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(written).toBeLessThan(20)
  source.end()
  expect((await text(stdout)).length).toBe((written + 1) * 60_000)
})

test('a connection that breaks is the end', async () => {
  const source = new PassThrough()
  const { stdout, stderr } = demux(source)
  source.write(multiplexed([1, 'last words']))
  setImmediate(() => source.destroy(new Error('reset')))
  expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['last words', ''])
})
