import { type HttpServer, type McpServers, SECRET_MASK } from '../../shared/contract/mcp.ts'
import type { ProjectSettings } from '../../shared/contract/project.ts'
import { Refused } from '../../shared/runtime/refused.ts'

/** Settings as they may be shown: the values of headers are replaced by a mask. */
export function withoutSecrets(settings: ProjectSettings): ProjectSettings {
  const servers = Object.entries(settings.mcpServers ?? {}).map(([name, server]) => {
    if (!('url' in server) || !server.headers) return [name, server]
    const headers = Object.fromEntries(Object.keys(server.headers).map(header => [header, SECRET_MASK]))
    return [name, { ...server, headers }]
  })
  return { ...settings, mcpServers: Object.fromEntries(servers) }
}

/**
 * The servers that somebody sends, with the secrets that they had where the mask was sent back. Only for the same server: else
 * whoever may change an address could have the secret sent there.
 * @throws Refused `invalid_request` where there is nothing to keep
 */
export function withKeptSecrets(sent: McpServers, old: McpServers): McpServers {
  const errors: { path: string; message: string }[] = []
  const servers = Object.entries(sent).map(([name, server]) => {
    if (!('url' in server) || !server.headers) return [name, server]
    const before = Object.hasOwn(old, name) ? old[name] : undefined
    const known = before && 'url' in before && sameOrigin(before, server) ? (before.headers ?? {}) : {}
    const headers = Object.entries(server.headers).map(([header, value]) => {
      if (value !== SECRET_MASK) return [header, value]
      if (Object.hasOwn(known, header)) return [header, known[header]]
      const path = `settings.mcpServers.${name}.headers.${header}`
      errors.push({ path, message: 'has no value that could be kept at this address: send the value itself' })
      return [header, value]
    })
    return [name, { ...server, headers: Object.fromEntries(headers) }]
  })
  if (errors.length > 0)
    throw new Refused('invalid_request', errors.map(each => `${each.path} ${each.message}`).join('; '), errors)
  return Object.fromEntries(servers)
}

const sameOrigin = (a: HttpServer, b: HttpServer): boolean => new URL(a.url).origin === new URL(b.url).origin
