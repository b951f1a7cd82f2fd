import type { Writable } from 'node:stream'
import { createDecoder, createEncoder, type Frame, WORKER_MESSAGE_BYTES } from '../../shared/contract/frames.ts'
import { type RunnerMessage, WorkerMessage } from '../../shared/contract/runner.ts'

/** The worker has closed the stream: the end of this container. */
export class WorkerGone extends Error {
  override name = 'WorkerGone'
}

/** The runner's end of the stream. Whatever breaks the protocol throws; the runner then ends. */
export type Channel = {
  /** Returns when the stream has taken it. */
  send(message: RunnerMessage): Promise<void>
  /** Sends the pieces as one transfer. */
  sendBytes(pieces: AsyncIterable<Uint8Array>): Promise<void>
  receive(): Promise<WorkerMessage>
  /** The transfer that follows the message just received; to be read to its end. */
  receiveBytes(): AsyncGenerator<Uint8Array>
}

export function createChannel(input: AsyncIterable<Uint8Array>, output: Writable): Channel {
  const encoder = createEncoder()
  const frames = framesOf(input)
  let sending: Promise<void> = Promise.resolve()

  /** One message's frames stay together, whoever sends meanwhile. */
  function write(pack: () => Uint8Array[]): Promise<void> {
    sending = sending.then(async () => {
      for (const frame of pack()) await written(output, frame)
    })
    return sending
  }

  async function next(): Promise<Frame> {
    const { value, done } = await frames.next()
    if (done) throw new WorkerGone('the worker closed the stream')
    return value
  }

  return {
    send: message => write(() => encoder.message(message)),
    sendBytes: async pieces => {
      for await (const piece of pieces) if (piece.length > 0) await write(() => encoder.bytes(piece))
      await write(() => encoder.bytes(new Uint8Array(0)))
    },
    receive: async () => {
      const frame = await next()
      if (frame.kind !== 'json') throw new Error('bytes came where a message was expected')
      return WorkerMessage.parse(frame.value)
    },
    receiveBytes: async function* () {
      for (;;) {
        const frame = await next()
        if (frame.kind !== 'bytes') throw new Error('a message came inside a transfer')
        if (frame.payload.length === 0) return
        yield frame.payload
      }
    },
  }
}

async function* framesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, undefined> {
  const decoder = createDecoder(WORKER_MESSAGE_BYTES)
  for await (const chunk of input) yield* decoder.push(chunk)
}

function written(output: Writable, frame: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => output.write(frame, error => (error ? reject(error) : resolve())))
}
