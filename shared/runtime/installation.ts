import { randomUUID } from 'node:crypto'
import type { Database } from './db.ts'

/**
 * The installation's id, which containers and Redis carry so that two installations on one host stay apart. It is as old as the
 * database; `given` names it where somebody else has to know it too (`make down` removes containers by it).
 */
export async function installationId({ prisma }: Database, given?: string): Promise<string> {
  if (given) {
    await prisma.installation.upsert({
      where: { key: 'id' },
      create: { key: 'id', value: given },
      update: { value: given },
    })
    return given
  }
  await prisma.installation.createMany({ data: [{ key: 'id', value: randomUUID() }], skipDuplicates: true })
  const row = await prisma.installation.findUniqueOrThrow({ where: { key: 'id' } })
  return String(row.value)
}
