const HEADER_BYTES = 64 * 1024

/**
 * Takes the header off a git bundle, so that the rest can go straight into `git index-pack --stdin` without a copy on disk.
 * @throws when the stream does not begin as a bundle
 */
export async function* packOf(bundle: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let header: Buffer | null = Buffer.alloc(0)
  for await (const chunk of bundle) {
    if (!header) {
      yield chunk
      continue
    }
    header = Buffer.concat([header, chunk])
    const end = header.indexOf('\n\n')
    if (end < 0 && header.length > HEADER_BYTES) throw new Error('the bundle has no end of its header')
    if (end < 0) continue
    if (!/^# v[23] git bundle\n/.test(header.toString('latin1', 0, 20))) throw new Error('this is not a git bundle')
    yield header.subarray(end + 2)
    header = null
  }
  if (header) throw new Error('the bundle was cut short')
}
