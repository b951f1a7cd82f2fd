import type { Project, ProjectSettings } from '../../../shared/contract/project.ts'
import type { Database, Project as ProjectRow } from '../../../shared/runtime/db.ts'
import { withoutSecrets } from '../mcp-secrets.ts'

/** Projects as the API shows them, in the order given, in one query for all. */
export async function presentProjects(
  { db, publicUrl }: { db: Database; publicUrl: () => string },
  rows: readonly ProjectRow[],
): Promise<Project[]> {
  if (rows.length === 0) return []
  const threads = await db.prisma.thread.findMany({
    where: { projectId: { in: rows.map(row => row.id) }, kind: 'main' },
    select: { id: true, projectId: true },
  })
  const mainThread = new Map(threads.map(thread => [thread.projectId, thread.id]))
  return rows.map(row => ({
    id: row.id,
    slug: row.slug,
    name: row.name,
    defaultBranch: row.defaultBranch,
    headSha: row.headSha,
    cloneUrl: `${publicUrl()}/git/${row.slug}.git`,
    mainThreadId: mainThread.get(row.id)!,
    settings: withoutSecrets(row.settings as ProjectSettings),
    createdAt: row.createdAt.toISOString(),
  }))
}
