import { StringDecoder } from 'node:string_decoder'
import { OUTPUT_LIVE_CHARS } from '../../shared/contract/runner.ts'
import { storable } from './text.ts'

const FLUSH_EVERY_MS = 200
const CHUNK_CHARS = 8 * 1024

/** Passes on what a command prints while it runs: a few times a second, the newest part of a burst, up to a total. */
export type LiveOutput = { push(chunk: Buffer): void; end(): void }

export function createLiveOutput(send: (text: string) => void): LiveOutput {
  const decoder = new StringDecoder('utf8')
  let waiting = ''
  let sent = 0

  function flush(): void {
    if (waiting === '' || sent >= OUTPUT_LIVE_CHARS) return
    const text = storable(waiting)
    waiting = ''
    sent += text.length
    send(text)
  }
  const timer = setInterval(flush, FLUSH_EVERY_MS)

  return {
    push: chunk => {
      if (sent >= OUTPUT_LIVE_CHARS) return
      waiting = (waiting + decoder.write(chunk)).slice(-CHUNK_CHARS)
    },
    end: () => {
      clearInterval(timer)
      flush()
    },
  }
}
