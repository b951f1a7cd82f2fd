import { v7 as uuid } from 'uuid'
import { type CreateProject, defaultSettings, type ProjectSettings } from '../../shared/contract/project.ts'
import { LIMITS } from '../../shared/domain/limits.ts'
import { slugify } from '../../shared/domain/slug.ts'
import type { Prisma, Sql } from '../../shared/runtime/db.ts'
import type { Source } from '../../shared/runtime/git-store/types.ts'
import { change } from '../../shared/runtime/task-store/change.ts'
import type { Identity } from '../../shared/runtime/tokens.ts'
import type { ApiDeps } from './deps.ts'
import { withKeptSecrets } from './mcp-secrets.ts'
import { requireModels } from './models.ts'
import type { ResourceDeps } from './resource-deps.ts'

/**
 * Creates a project and gives its id. The repository comes first, under an id that nobody knows yet; then all rows in one
 * transaction. A failure leaves nothing, a crash at most a repository without a project, which the API removes later.
 */
export async function createProject(deps: ResourceDeps, identity: Identity, wanted: CreateProject): Promise<string> {
  const { git, stopping, models, sample } = deps
  const source = wanted.source ?? { kind: 'empty' }
  const settings: ProjectSettings = {
    ...defaultSettings(models.default),
    ...(source.kind === 'sample' && sample.settings),
    ...wanted.settings,
  }
  requireModels(models, settings, 'settings.')
  settings.mcpServers = withKeptSecrets(settings.mcpServers, {})
  const id = uuid()
  const repository = await git.create(id, sourceOf(source, sample), stopping)
  try {
    await insertProject(deps, {
      id,
      organizationId: identity.organizationId,
      name: wanted.name,
      settings,
      ...repository,
    })
  } catch (error) {
    await git.remove(id)
    throw error
  }
  return id
}

interface NewProject {
  id: string
  organizationId: string
  name: string
  settings: ProjectSettings
  defaultBranch: string
  headSha: string
}

async function insertProject(deps: ApiDeps, { settings, ...project }: NewProject): Promise<void> {
  await change(deps, async ({ sql, event }) => {
    const slug = await freeSlug(sql, project.name)
    await sql.project.create({ data: { ...project, slug, settings: settings as Prisma.InputJsonObject } })
    await sql.eventCounter.create({ data: { projectId: project.id } })
    await sql.thread.create({ data: { id: uuid(), projectId: project.id, kind: 'main', title: project.name } })
    event({ projectId: project.id, type: 'project.created', payload: { name: project.name, slug } })
  })
}

/** The name as a slug, with a number behind it where others have it. Those who look for one take turns. */
async function freeSlug(sql: Sql, name: string): Promise<string> {
  const base = slugify(name, LIMITS.project.slugChars, 'project')
  await sql.$queryRaw`SELECT pg_advisory_xact_lock(hashtext('slipway.project_slug'))::text`
  const taken = new Set(
    (await sql.project.findMany({ where: { slug: { startsWith: base } }, select: { slug: true } })).map(
      row => row.slug,
    ),
  )
  let slug = base
  for (let n = 2; taken.has(slug); n++) slug = `${base}-${n}`
  return slug
}

function sourceOf(source: NonNullable<CreateProject['source']>, sample: ApiDeps['sample']): Source {
  return source.kind === 'sample' ? { kind: 'directory', path: sample.directory } : source
}
