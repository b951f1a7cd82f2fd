import { LIMITS } from '../../shared/domain/limits.ts'
import { loadConfig } from '../../shared/runtime/config.ts'
import { openDatabase } from '../../shared/runtime/db.ts'
import { createTokens, ensureDefaultOrganization } from '../../shared/runtime/tokens.ts'
import { layout, readJson, writePrivateJson } from './layout.ts'

/** What `credentials.json` holds: enough for a program to use the installation and for more processes to join it. */
export type Credentials = { url: string; token: string; gateway: string; databaseUrl: string; redisUrl: string }

export type CredentialsOptions = {
  /** Path of the credentials file. */
  file: string
  /** Where people reach the installation. */
  url: string
  /** The default organization's plan. */
  plan: string
  databaseUrl: string
  redisUrl: string
}

/**
 * Makes sure that there is an administrator with a working token, keeps that token over repeated calls, and makes a link that signs
 * a browser in once. Writes the credentials file, which only its owner can read.
 */
export async function ensureCredentials(options: CredentialsOptions): Promise<Credentials & { signInLink: string }> {
  const { file, url, plan, databaseUrl, redisUrl } = options
  const db = openDatabase({ url: databaseUrl, connections: 1 })
  try {
    const admin = await ensureDefaultOrganization(db, { plan })
    const tokens = createTokens({ db })
    const known = readJson<Credentials>(file)?.token ?? ''
    const token = (await tokens.authenticate(known, 'api'))
      ? known
      : (await tokens.issue({ kind: 'api', ...admin, label: 'make up' })).token
    const expiresAt = new Date(Date.now() + LIMITS.http.signInLinkMs)
    const code = await tokens.issue({ kind: 'signin', ...admin, label: 'sign-in link', expiresAt })
    const credentials = { url, token, gateway: url, databaseUrl, redisUrl }
    writePrivateJson(file, credentials)
    // Behind the #, which browsers do not send, so the code stands in no log.
    return { ...credentials, signInLink: `${url}/signin#code=${code.token}` }
  } finally {
    await db.close()
  }
}

/** How to get in, for people. */
export function describe({ url, signInLink, token }: Credentials & { signInLink: string }): string {
  return `Slipway runs at  ${url}\nSign in (once)   ${signInLink}\nToken            ${token}`
}

if (import.meta.main) {
  // Inside a service's container, which has the settings of the deployment.
  const { publicUrl: url, plan, databaseUrl, redisUrl, dataDir } = loadConfig(process.env)
  if (!databaseUrl || !redisUrl) throw new Error('DATABASE_URL and REDIS_URL must be set.')
  console.log(
    describe(await ensureCredentials({ file: layout(dataDir).credentials, url, plan, databaseUrl, redisUrl })),
  )
}
