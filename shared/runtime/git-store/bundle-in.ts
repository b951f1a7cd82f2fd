import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GitStoreError } from './errors.ts'
import type { BundleBody } from './types.ts'

const HEADER_BYTES = 64 * 1024

/** A bundle's header and the pack behind it. */
export type OpenedBundle = { tips: string[]; pack: Readable }

/**
 * Reads the header of a bundle that somebody hostile made and gives the pack as a stream of at most `maxBytes`.
 * Throws `bundle_rejected` for what is no bundle, `too_large` (also as the stream's error).
 */
export async function openBundle(bundle: BundleBody, maxBytes: number): Promise<OpenedBundle> {
  const source = bundle instanceof Readable ? bundle : Readable.from([Buffer.from(bundle)])
  const chunks = bounded(source, maxBytes)
  let head = Buffer.alloc(0)
  let end = -1
  try {
    while (end < 0 && head.length <= HEADER_BYTES) {
      const { value, done } = await chunks.next()
      if (done) break
      head = Buffer.concat([head, value])
      end = head.indexOf('\n\n')
    }
    if (end < 0) throw new GitStoreError('bundle_rejected', 'The bundle has no complete header')
    const tips = parseHeader(head.subarray(0, end).toString('utf8'))
    return { tips, pack: rest(head.subarray(end + 2), chunks) }
  } catch (error) {
    source.destroy()
    throw error
  }
}

async function* bounded(source: Readable, maxBytes: number): AsyncGenerator<Buffer, undefined> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) throw new GitStoreError('too_large', `The bundle is larger than ${maxBytes} bytes`)
    yield chunk
  }
}

function parseHeader(text: string): string[] {
  const [signature, ...lines] = text.split('\n')
  if (signature !== '# v2 git bundle') {
    throw new GitStoreError('bundle_rejected', 'Not a version 2 git bundle')
  }
  const tips: string[] = []
  for (const line of lines) {
    const [, prerequisite, sha] = /^(-?)([0-9a-f]{40})(?: .*)?$/.exec(line) ?? []
    if (sha === undefined) throw new GitStoreError('bundle_rejected', 'The header of the bundle is malformed')
    if (!prerequisite) tips.push(sha)
  }
  return tips
}

function rest(first: Buffer, chunks: AsyncGenerator<Buffer>): Readable {
  const pack = new PassThrough()
  // Ending the generator early, as happens when the pack is destroyed, destroys the source too.
  pipeline(async function* () {
    if (first.length > 0) yield first
    yield* chunks
  }, pack).catch(() => undefined)
  return pack
}
