import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../shared/runtime/db.ts'

/** What Postgres says to one who has logged in, and what it says when it goes down; integers are big-endian. */
const LOGGED_IN = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1')
const GOES_DOWN = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')

test('a server that goes down in the moment of a login is an error of the query, not the end of the process', async () => {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.concat([LOGGED_IN, GOES_DOWN])))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const uncaught: unknown[] = []
  const note = (error: unknown) => uncaught.push(error)
  process.on('uncaughtExceptionMonitor', note)
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', note))

  const db = openDatabase({ url: `postgresql://me:secret@127.0.0.1:${port}/any` })
  onTestFinished(() => db.close())
  await expect(db.prisma.$queryRaw`SELECT 1`).rejects.toThrow()
  await expect(db.transaction(sql => sql.$queryRaw`SELECT 1`)).rejects.toThrow()
  expect(uncaught).toEqual([])
})

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + Buffer.byteLength(body))
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)])
}
