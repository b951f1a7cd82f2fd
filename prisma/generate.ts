import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SCHEMA } from './schema-engine.ts'

const CLIENT = join(import.meta.dirname, 'generated/client.ts')

/** Generates the Prisma client where it is missing or older than the schema. Throws with the CLI's words when that fails. */
export function generateClient(): void {
  if (existsSync(CLIENT) && statSync(CLIENT).mtimeMs > statSync(SCHEMA).mtimeMs) return
  const prisma = join(import.meta.dirname, '../node_modules/prisma/build/index.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, 'generate', '--schema', SCHEMA], {
    encoding: 'utf8',
    // The generator needs no engine but insists on having one; any executable stops it from downloading.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  })
  if (status !== 0) throw new Error(`prisma generate failed:\n${stdout}${stderr}`)
}

if (import.meta.main) generateClient()
