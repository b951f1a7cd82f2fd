import { type Address, type Lookup, NotPublic, publicAddresses } from '../public-address.ts'
import { GitStoreError } from './errors.ts'
import { hostOf, type ParsedSource } from './source.ts'

/** What keeps git at the addresses that were looked at: configuration, and more words of the ssh command. */
export type SourceGuard = { config: string[]; ssh: string }

/**
 * Lets an import reach only hosts on the public internet: the host is looked up once, all of its addresses are checked, and
 * git goes to these (by https and ssh), wherever the name points by then. A redirect is not followed, as it could lead inside.
 * Behind a proxy, which does the looking up itself, a name that is not known here is left to it.
 * Throws `invalid_source`.
 */
export async function guardSource(
  source: ParsedSource,
  env: Readonly<Record<string, string>>,
  lookup?: Lookup,
): Promise<SourceGuard> {
  const { host, port } = hostOf(source)
  if (host === '') return { config: [], ssh: '' }
  const addresses = await reachable(host, source.protocol === 'https' && isProxied(env), lookup)
  const [first] = addresses
  return {
    config: [
      'http.followRedirects=false',
      ...(first ? [`http.curloptResolve=${host}:${port}:${addresses.map(inUrl).join(',')}`] : []),
    ],
    // The alias keeps the name under which the host's key is known.
    ssh: first ? ` -oHostName=${first.address} -oHostKeyAlias=${host.replace(/[^\w.-]/g, '')}` : '',
  }
}

async function reachable(host: string, proxied: boolean, lookup?: Lookup): Promise<Address[]> {
  try {
    return await publicAddresses(host, lookup)
  } catch (error) {
    if (!(error instanceof NotPublic)) throw error
    if (proxied && !error.known) return []
    throw new GitStoreError('invalid_source', `The git URL cannot be used: ${error.message}`)
  }
}

const isProxied = (env: Readonly<Record<string, string>>): boolean =>
  ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].some(name => env[name])

const inUrl = ({ address, family }: Address): string => (family === 6 ? `[${address}]` : address)
