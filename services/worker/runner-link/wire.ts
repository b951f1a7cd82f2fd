import type { Readable, Writable } from 'node:stream'
import {
  createDecoder,
  createEncoder,
  type Frame,
  FrameError,
  RUNNER_MESSAGE_BYTES,
} from '../../../shared/contract/frames.ts'
import { RunnerMessage, type WorkerMessage } from '../../../shared/contract/runner.ts'
import { RunnerLost, RunnerViolation } from './errors.ts'

/** Time left to wait for the runner in one phase; each wait takes from it. */
export type Budget = { ms: number; phase: string }

export type Wire = {
  send(message: WorkerMessage, budget: Budget): Promise<void>
  /** Sends the pieces as one transfer. @throws RangeError past `maxBytes` */
  sendBytes(pieces: AsyncIterable<Uint8Array>, maxBytes: number, budget: Budget): Promise<void>
  /** From here on the runner may speak; until the next `silence()` each message is taken by `receive`. */
  receive(budget: Budget): Promise<RunnerMessage>
  /** One transfer of at most `maxBytes`, to be read to its end. */
  receiveBytes(maxBytes: number, budget: Budget): AsyncGenerator<Uint8Array>
  /** The runner waits for us: whatever it sends now is a violation. */
  silence(): void
  /** Ends all waits with the error; the first one counts. */
  fail(error: Error): void
}

export type WireDeps = {
  stdin: Writable
  stdout: Readable
  /** Longest time without any frame while the runner is waited for. */
  silenceMs: number
  onFail(error: Error): void
}

type Waiting = { resolve(frame: Frame): void; reject(error: Error): void }

/**
 * The worker's end of the stream. Reads always, so that the end of the runner and what it says out of turn are noticed at
 * once, but never ahead of what is taken: a flood stops at the pipe.
 */
export function createWire({ stdin, stdout, silenceMs, onFail }: WireDeps): Wire {
  const encoder = createEncoder()
  const decoder = createDecoder(RUNNER_MESSAGE_BYTES)
  let failure: Error | null = null
  let speaking = true
  let waiting: Waiting | null = null
  let taken: (() => void) | null = null
  let frame: Frame | null = null
  let hanging: ((error: Error) => void) | null = null

  function fail(error: Error): void {
    if (failure) return
    failure = error
    waiting?.reject(error)
    hanging?.(error)
    taken?.()
    stdout.destroy()
    stdin.destroy()
    onFail(error)
  }

  /** Hands a frame to whoever waits, or holds it (and the reading) until someone does. */
  async function deliver(next: Frame): Promise<void> {
    if (!speaking) return fail(new RunnerViolation('the runner spoke out of turn'))
    if (waiting) {
      const { resolve } = waiting
      waiting = null
      resolve(next)
      return
    }
    frame = next
    await new Promise<void>(resolve => {
      taken = resolve
    })
  }

  async function read(): Promise<void> {
    try {
      for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
        for (const next of decoder.push(chunk)) {
          await deliver(next)
          if (failure) return
        }
      }
      fail(new RunnerLost('the runner ended', 'exited'))
    } catch (error) {
      if (error instanceof FrameError) fail(new RunnerViolation(error.message))
      else fail(new RunnerLost('the stream of the runner broke', 'exited'))
    }
  }

  function take(): Promise<Frame> {
    if (failure) return Promise.reject(failure)
    if (frame) {
      const held = frame
      frame = null
      taken?.()
      taken = null
      return Promise.resolve(held)
    }
    return new Promise((resolve, no) => {
      waiting = { resolve, reject: no }
    })
  }

  /** Waits for the runner within the budget and the longest silence. */
  async function patiently<T>(budget: Budget, work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    const ms = Math.min(budget.ms, silenceMs)
    const timer = setTimeout(() => fail(new RunnerLost(`the runner did not answer: ${budget.phase}`, 'deadline')), ms)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      budget.ms = Math.max(0, budget.ms - (performance.now() - began))
    }
  }

  const nextFrame = (budget: Budget) => {
    speaking = true
    return patiently(budget, take)
  }

  async function write(frames: Uint8Array[], budget: Budget): Promise<void> {
    for (const bytes of frames) {
      await patiently(budget, () => written(bytes))
    }
  }

  /** Done when the stream has taken it. Not every stream answers a write that hangs when it is destroyed: `fail` does. */
  function written(bytes: Uint8Array): Promise<void> {
    if (failure) return Promise.reject(failure)
    return new Promise((resolve, reject) => {
      hanging = reject
      stdin.write(bytes, error => {
        if (error) fail(new RunnerLost('the stream of the runner broke', 'exited'))
        hanging = null
        resolve()
      })
    })
  }

  void read()

  return {
    send: (message, budget) => {
      speaking = true
      return write(encoder.message(message), budget)
    },
    sendBytes: async (pieces, maxBytes, budget) => {
      let total = 0
      for await (const piece of pieces) {
        total += piece.length
        if (total > maxBytes) throw new RangeError(`the bundle is larger than ${maxBytes} bytes`)
        if (piece.length > 0) await write(encoder.bytes(piece), budget)
      }
      await write(encoder.bytes(new Uint8Array(0)), budget)
    },
    receive: async budget => {
      const next = await nextFrame(budget)
      const parsed = next.kind === 'json' ? RunnerMessage.safeParse(next.value) : null
      if (parsed?.success) return parsed.data
      const error = new RunnerViolation(parsed ? 'the runner sent an unknown message' : 'the runner sent bytes unasked')
      fail(error)
      throw error
    },
    receiveBytes: async function* (maxBytes, budget) {
      let total = 0
      for (;;) {
        const next = await nextFrame(budget)
        const piece = next.kind === 'bytes' ? next.payload : null
        total += piece?.length ?? 0
        if (!piece || total > maxBytes) {
          const error = new RunnerViolation(piece ? 'a transfer is too large' : 'a message came inside a transfer')
          fail(error)
          throw error
        }
        if (piece.length === 0) return
        yield piece
      }
    },
    silence: () => {
      if (frame) fail(new RunnerViolation('the runner spoke out of turn'))
      speaking = false
    },
    fail,
  }
}
