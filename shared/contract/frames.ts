import { LIMITS } from '../domain/limits.ts'

/*
 * The wire between a worker and the runner in a task's container. A frame is
 *   u32 payload length | u8 kind | u32 sequence number | payload        (big endian)
 * Each side counts its frames from 0, and only the next number is accepted. A JSON message larger than one payload
 * travels as parts; raw bytes travel as a transfer, which an empty bytes frame ends.
 */

/** Bytes before the payload. */
export const FRAME_HEADER_BYTES = 9
/** Largest payload of one frame. */
export const FRAME_PAYLOAD_BYTES = LIMITS.frames.payloadBytes
/** Largest JSON message that the worker sends: a turn with its calls' arguments. */
export const WORKER_MESSAGE_BYTES = 32 * 1024 * 1024
/** Largest JSON message that the runner sends: one tool result, every character escaped at worst. */
export const RUNNER_MESSAGE_BYTES = 4 * 1024 * 1024

const KIND = { json: 0, bytes: 1, jsonPart: 2 } as const

/** What a decoder gives: a whole JSON message, or one piece of a transfer (empty = its end). */
export type Frame = { kind: 'json'; value: unknown } | { kind: 'bytes'; payload: Uint8Array }

/** The other side broke the framing; nothing that follows on this stream can be believed. */
export class FrameError extends Error {
  override name = 'FrameError'
}

/** Numbers and packs what one side sends. The returned arrays go onto the stream in order, each exactly once. */
export function createEncoder(): { message(value: unknown): Uint8Array[]; bytes(payload: Uint8Array): Uint8Array[] } {
  let sequence = 0
  const text = new TextEncoder()

  function pack(kind: number, payload: Uint8Array): Uint8Array {
    const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
    const header = new DataView(frame.buffer)
    header.setUint32(0, payload.length)
    header.setUint8(4, kind)
    header.setUint32(5, sequence++)
    frame.set(payload, FRAME_HEADER_BYTES)
    return frame
  }

  return {
    message: value => {
      const parts = split(text.encode(JSON.stringify(value)))
      return parts.map((part, i) => pack(i === parts.length - 1 ? KIND.json : KIND.jsonPart, part))
    },
    /** An empty payload is the end of the transfer. */
    bytes: payload => split(payload).map(part => pack(KIND.bytes, part)),
  }
}

/**
 * Unpacks what the other side sent, however the stream cut it. Holds at most one frame and one unfinished message.
 * @param maxMessageBytes largest JSON message that is put together
 * @returns `push` gives the frames that the chunk completed, and throws `FrameError` for a wrong number, an unknown kind, a
 *   payload or message over its bound, or text that is no JSON; `atRest` says that nothing is half received
 */
export function createDecoder(maxMessageBytes: number): { push(chunk: Uint8Array): Frame[]; atRest(): boolean } {
  let sequence = 0
  let part = new Uint8Array(FRAME_HEADER_BYTES)
  let filled = 0
  let kind: number | null = null
  let message: Uint8Array[] = []
  let messageBytes = 0

  function readHeader(): void {
    const header = new DataView(part.buffer)
    const length = header.getUint32(0)
    kind = header.getUint8(4)
    const number = header.getUint32(5)
    if (number !== sequence) throw new FrameError(`frame ${number} came where ${sequence} was next`)
    if (length > FRAME_PAYLOAD_BYTES) throw new FrameError(`a frame of ${length} bytes is over ${FRAME_PAYLOAD_BYTES}`)
    if (kind > KIND.jsonPart) throw new FrameError(`unknown kind of frame: ${kind}`)
    if (kind === KIND.bytes && messageBytes > 0) throw new FrameError('bytes came inside a message')
    sequence++
    part = new Uint8Array(length)
    filled = 0
  }

  function finish(): Frame | null {
    const payload = part
    const finished = kind
    part = new Uint8Array(FRAME_HEADER_BYTES)
    filled = 0
    kind = null
    if (finished === KIND.bytes) return { kind: 'bytes', payload }
    messageBytes += payload.length
    if (messageBytes > maxMessageBytes) throw new FrameError(`a message is over ${maxMessageBytes} bytes`)
    message.push(payload)
    if (finished === KIND.jsonPart) return null
    const value = parse(join(message, messageBytes))
    message = []
    messageBytes = 0
    return { kind: 'json', value }
  }

  return {
    push: chunk => {
      const frames: Frame[] = []
      let at = 0
      while (at < chunk.length) {
        const taken = chunk.subarray(at, at + part.length - filled)
        part.set(taken, filled)
        filled += taken.length
        at += taken.length
        if (kind === null && filled === part.length) readHeader()
        if (kind !== null && filled === part.length) {
          const frame = finish()
          if (frame) frames.push(frame)
        }
      }
      return frames
    },
    atRest: () => kind === null && filled === 0 && messageBytes === 0,
  }
}

function split(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= FRAME_PAYLOAD_BYTES) return [bytes]
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += FRAME_PAYLOAD_BYTES)
    parts.push(bytes.subarray(at, at + FRAME_PAYLOAD_BYTES))
  return parts
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new FrameError('a message is not JSON in UTF-8')
  }
}
