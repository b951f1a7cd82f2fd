import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm'
import * as background from '@prisma/schema-engine-wasm/schema_engine_bg'

type Exports = Record<string, () => void>

/** Node has it; its types do not. */
declare const WebAssembly: {
  instantiate(wasm: Uint8Array, imports: object): Promise<{ instance: { exports: Exports } }>
}

export const SCHEMA = join(import.meta.dirname, 'schema.prisma')
export const MIGRATIONS = join(import.meta.dirname, 'migrations')

/**
 * Prisma's schema engine as WebAssembly, bound to one database. It is loaded by hand because the package leaves the
 * instantiation to bundlers, and it is used instead of the CLI because that downloads a native engine at run time.
 */
export async function openSchemaEngine(databaseUrl: string): Promise<SchemaEngine> {
  const wasm = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm')
    .replace(/schema_engine\.js$/, 'schema_engine_bg.wasm')
  const glue = background as unknown as { __wbg_set_wasm(exports: Exports): void; SchemaEngine: typeof SchemaEngine }
  const { instance } = await WebAssembly.instantiate(await readFile(wasm), { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start?.()

  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: databaseUrl }))
  const silent = () => {}
  return glue.SchemaEngine.new(
    { datamodels: [[SCHEMA, await readFile(SCHEMA, 'utf8')]], resetShadowDatabase: false },
    silent,
    factory,
  )
}

/** The folder of migrations in the shape that the engine takes. */
export async function listMigrations(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async name => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(join(MIGRATIONS, name, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  }
}
