import pg from 'pg'
import { expect, test } from 'vitest'
import { docker, freshDatabase, freshPrefix, sandboxImage } from '../support/servers.ts'

async function tables(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return rows.map(row => row.tablename)
  } finally {
    await client.end()
  }
}

test('databases made at the same time are migrated and apart from each other', async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, () => freshDatabase()))
  expect(new Set(databases.map(database => database.url)).size).toBe(4)
  for (const { url } of databases) expect(await tables(url)).toContain('_prisma_migrations')
  await Promise.all(databases.map(database => database.drop()))
  await expect(tables(databases[0]!.url)).rejects.toThrow(/does not exist/)
})

test('the sandbox image is there and prefixes differ', async () => {
  const { Config } = await docker().getImage(sandboxImage()).inspect()
  expect(Config.User).toBe('agent')
  expect(freshPrefix()).not.toBe(freshPrefix())
})
