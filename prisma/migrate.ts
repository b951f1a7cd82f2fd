import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { listMigrations, MIGRATIONS, openSchemaEngine, SCHEMA } from './schema-engine.ts'

const FILTERS = { externalTables: [], externalEnums: [] }
/** Any fixed number: processes that start together migrate one after the other. */
const MIGRATION_LOCK = 7_106_110

/**
 * Applies the migrations that the database does not have yet and gives their names, as `prisma migrate deploy` would
 * (same table, same checksums), but without downloading an engine. Safe to call from several processes at once.
 * Throws when a migration fails or an applied one was changed afterwards.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const lock = new pg.Client({ connectionString: databaseUrl })
  await lock.connect()
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const engine = await openSchemaEngine(databaseUrl)
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: await listMigrations(),
      filters: FILTERS,
    })
    return appliedMigrationNames
  } finally {
    await lock.end()
  }
}

/**
 * Writes the migration that takes the newest migration's schema (kept beside its SQL) to `schema.prisma`, and gives its
 * folder's name, or null where nothing changed. Read the SQL before committing it.
 */
export async function draftMigration(databaseUrl: string, name: string): Promise<string | null> {
  const engine = await openSchemaEngine(databaseUrl)
  const content = await readFile(SCHEMA, 'utf8')
  const newest = (await listMigrations()).migrationDirectories.at(-1)?.path
  const { stdout: sql } = await engine.diff({
    from: newest ? { tag: 'schemaDatamodel', files: [await schemaOf(newest)] } : { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path: SCHEMA, content }] },
    script: true,
    exitCode: null,
    filters: FILTERS,
  })
  if (!sql || sql.includes('This is an empty migration')) return null
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(MIGRATIONS, `${stamp}_${name}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'migration.sql'), sql)
  await writeFile(join(folder, 'schema.prisma'), content)
  return `${stamp}_${name}`
}

async function schemaOf(migration: string): Promise<{ path: string; content: string }> {
  const path = join(MIGRATIONS, migration, 'schema.prisma')
  return { path, content: await readFile(path, 'utf8') }
}

if (import.meta.main) {
  const [command, name] = process.argv.slice(2)
  const databaseUrl = process.env.DATABASE_URL
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database that is to be migrated.')
  if (command === 'deploy') {
    const applied = await migrate(databaseUrl)
    console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply')
  } else if (command === 'draft' && name) {
    console.log((await draftMigration(databaseUrl, name)) ?? 'the schema has not changed')
  } else {
    console.error('usage: node prisma/migrate.ts deploy | draft NAME')
    process.exitCode = 2
  }
  process.exit()
}
