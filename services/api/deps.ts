import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { ProjectSettings } from '../../shared/contract/project.ts'
import type { Database } from '../../shared/runtime/db.ts'
import type { LocalGitStore } from '../../shared/runtime/git-store/types.ts'
import type { Hints } from '../../shared/runtime/hints.ts'
import type { Log } from '../../shared/runtime/log.ts'
import type { Names } from '../../shared/runtime/names.ts'
import type { TaskCommands } from '../../shared/runtime/task-store/types.ts'
import type { Tokens } from '../../shared/runtime/tokens.ts'

/** What the API needs to know of the models that its installation can ask. */
export interface KnownModels {
  /** For projects whose creator names none. */
  default: string
  /** As `provider:model` or `provider`, for people to choose from. */
  available: readonly string[]
  /** Why a name cannot be used, in words for a person; null: it can. */
  refuse(name: string): string | null
}

export interface ApiDeps {
  db: Database
  /** A connection for ordinary commands. The API works without it: no limits are kept then, and nobody can sign in. */
  redis: Redis
  hints: Hints
  names: Names
  log: Log
  store: TaskCommands
  git: LocalGitStore
  /** Folder of the git store's repositories. */
  repositories: string
  tokens: Tokens
  /** The queues that the ops pages show. */
  queues: readonly Queue[]
  models: KnownModels
  /** What a project of source `sample` starts from. */
  sample: { directory: string; settings: Partial<ProjectSettings> }
  /** Folder of the built web app. */
  webRoot: string
  /** Where people reach this API, without a slash at the end; asked for each answer, as a free port is known late. */
  publicUrl(): string
  /** Origins beside its own that the web app talks to and shows in frames. */
  origins?: { connect?: readonly string[]; frame?: readonly string[] }
  /** Requests a minute for one token. */
  rateLimit: number
  /** In development and tests answers are held against their schemas. */
  environment: 'development' | 'production' | 'test'
  version: string
  /** Whether the roles of this process are ready, by name; asked by `/readyz`. */
  roles?(): Promise<Record<string, boolean>> | Record<string, boolean>
}
