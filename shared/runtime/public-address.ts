import { lookup as systemLookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

/** The host must not be reached from here: it is, or may be, inside of the installation's own network. */
export class NotPublic extends Error {
  override name = 'NotPublic'
  /** False where nobody here knows the name at all. */
  readonly known: boolean
  constructor(message: string, known = true) {
    super(message)
    this.known = known
  }
}

export interface Address {
  address: string
  family: 4 | 6
}

/** Finds a host's addresses, as `dns.lookup` with `all` does. */
export type Lookup = (host: string) => Promise<readonly { address: string; family: number }[]>

const SPECIAL_4 = blockList('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
])
const UNICAST_6 = blockList('ipv6', [['2000::', 3]])
/** Within 2000::/3: addresses that embed others, and those that nobody has. */
const SPECIAL_6 = blockList('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
])

function blockList(family: 'ipv4' | 'ipv6', nets: [string, number][]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family)
  return list
}

/**
 * Whether an address can only belong to somebody on the public internet (IANA's special-purpose registries). Of IPv6 only
 * global unicast counts, so that no form that holds an IPv4 address gets through.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return false
  if (family === 4) return !SPECIAL_4.check(address, 'ipv4')
  return UNICAST_6.check(address, 'ipv6') && !SPECIAL_6.check(address, 'ipv6')
}

/**
 * The addresses of a host, all of them public. Connect to one of these, never to the name again: it may mean another by then.
 * @param host a name or an address; an IPv6 one with or without brackets
 * @throws NotPublic when any of its addresses is not public, or it has none
 */
export async function publicAddresses(host: string, lookup: Lookup = lookUpAll): Promise<Address[]> {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  const found = isIP(name) ? [{ address: name, family: isIP(name) }] : await resolved(name, lookup)
  if (found.length === 0 || !found.every(({ address }) => isPublicAddress(address))) {
    throw new NotPublic(`${name} is not an address on the public internet`)
  }
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

async function resolved(name: string, lookup: Lookup): Promise<readonly { address: string; family: number }[]> {
  try {
    return await lookup(name)
  } catch {
    throw new NotPublic(`${name} is not known on the public internet`, false)
  }
}

const lookUpAll: Lookup = host => systemLookup(host, { all: true, verbatim: true })
