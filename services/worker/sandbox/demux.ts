import { PassThrough, type Readable } from 'node:stream'

const HEADER_BYTES = 8
const STDERR = 2

/**
 * Takes apart the engine's multiplexed stream (u8 stream, 3 bytes 0, u32 length, payload). Unlike dockerode's own it waits for
 * the reader: a container that floods its output is held up, not this process. Both outputs must be read.
 */
export function demux(source: Readable): { stdout: Readable; stderr: Readable } {
  const stdout = new PassThrough()
  const stderr = new PassThrough()

  async function run(): Promise<void> {
    let header = Buffer.alloc(0)
    let left = 0
    let target = stdout
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let at = 0
      while (at < chunk.length) {
        if (left === 0) {
          const piece = chunk.subarray(at, at + HEADER_BYTES - header.length)
          header = Buffer.concat([header, piece])
          at += piece.length
          if (header.length < HEADER_BYTES) break
          target = header[0] === STDERR ? stderr : stdout
          left = header.readUInt32BE(4)
          header = Buffer.alloc(0)
          continue
        }
        const piece = chunk.subarray(at, at + left)
        at += piece.length
        left -= piece.length
        if (!target.write(piece)) await drained(target)
      }
    }
  }

  run().then(
    () => {
      stdout.end()
      stderr.end()
    },
    // A connection that breaks is the end of the container's stream, like any other.
    () => {
      stdout.end()
      stderr.end()
    },
  )
  return { stdout, stderr }
}

/** A reader that has gone away never drains; its close ends the wait. */
function drained(stream: PassThrough): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
