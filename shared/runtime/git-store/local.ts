import { createBundling } from './bundle-out.ts'
import { createCreation } from './create.ts'
import { createDiffing } from './diff.ts'
import { createGit } from './git.ts'
import { createHistory } from './history.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createLayout } from './layout.ts'
import { gitStoreLimits } from './limits.ts'
import { createMerging } from './merge.ts'
import { createReceiving } from './receive.ts'
import { createRefs } from './refs.ts'
import { createSmartHttp } from './smart-http.ts'
import type { GitStoreLimits, LocalGitStore } from './types.ts'

/** What an import may see of the host's environment, where it is set. */
const IMPORT_ENV = [
  'HOME',
  'SSH_AUTH_SOCK',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'GIT_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The git store on this machine's disk; only the API process opens it.
 * @param deps.root the directory of the repositories; made when it is missing
 * @param deps.allowLocalSources whether projects may be made from local paths and file URLs
 * @param deps.env the process's environment, of which git sees the search path and imports the network's settings
 * @param deps.onError hears of failures that no call returns: housekeeping, a guard that threw
 */
export function createLocalGitStore(deps: {
  root: string
  allowLocalSources: boolean
  env: Readonly<Record<string, string | undefined>>
  limits?: Partial<GitStoreLimits>
  onError: (error: unknown, gitDir: string) => void
}): LocalGitStore {
  const limits = { ...gitStoreLimits, ...deps.limits }
  const layout = createLayout(deps.root)
  const git = createGit({ path: deps.env.PATH ?? DEFAULT_PATH, cwd: '/' })
  const housekeeping = createHousekeeping({ git, onError: deps.onError })
  const parts = { git, layout, limits, onError: deps.onError, onWrite: housekeeping.noteWrite }
  return {
    ...createCreation({ ...parts, allowLocalSources: deps.allowLocalSources, importEnv: importEnvironment(deps.env) }),
    ...createBundling(parts),
    ...createReceiving(parts),
    ...createMerging(parts),
    ...createRefs(parts),
    ...createDiffing(parts),
    ...createHistory(parts),
    ...createSmartHttp(parts),
    sweep: layout.sweep,
    idle: housekeeping.idle,
  }
}

function importEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(IMPORT_ENV.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}
