import { PassThrough, type Readable, type Writable } from 'node:stream'
import { GitStoreError } from './errors.ts'
import { relaxedFsck } from './fsck.ts'
import type { Git } from './git.ts'
import type { Layout } from './layout.ts'
import { answerHooks, HOOKS } from './push-dialogue.ts'
import { HIDDEN } from './refs.ts'
import type { GitStoreLimits, LocalGitStore, SmartRequest, SmartResponse } from './types.ts'

const HEADER_BYTES = 16 * 1024

/** git's smart HTTP protocol through `git http-backend`; its CGI dialogue stays in here. */
export function createSmartHttp(deps: {
  git: Git
  layout: Layout
  limits: GitStoreLimits
  onError: (error: unknown, gitDir: string) => void
  onWrite: (gitDir: string) => void
}): Pick<LocalGitStore, 'http'> {
  const { git, layout, limits } = deps

  const http: LocalGitStore['http'] = async (projectId, request, guard, signal) => {
    const gitDir = await layout.existing(projectId)
    const pushing = request.service === 'git-receive-pack'
    const call = {
      env: { ...environment(layout.root, projectId, request), SLIPWAY_TREE_FILES: String(limits.treeFiles + 1) },
      config: configuration(limits, pushing),
      input: request.body,
      deadlineMs: limits.httpMs,
      // A push whose client went away is not killed in the middle: it has either not been read whole, and fails by
      // itself, or is about to change refs, which the guard then has to hear of.
      signal: pushing ? undefined : signal,
    }
    const running = git.start(['http-backend'], call, 2)
    const { stdout, stdio } = running.child
    if (!stdout) throw new GitStoreError('failed', 'git http-backend has no output')
    const pipes = { questions: stdio[3] as Readable, answers: stdio[4] as Writable }
    answerHooks(pipes, { guard, treeFiles: limits.treeFiles, onError: error => deps.onError(error, gitDir) }).catch(
      error => running.kill(error),
    )
    if (pushing && !request.advertise)
      void running.ended.then(
        () => deps.onWrite(gitDir),
        () => undefined,
      )
    const head = await readHead(stdout)
    if (head === null) {
      const { stderr } = await running.ended
      throw new GitStoreError('failed', `git http-backend ended without an answer: ${stderr}`)
    }
    if (pushing) return { ...parseHead(head), body: drained(stdout) }
    stdout.once('close', () => {
      running.kill()
      stdout.resume()
    })
    return { ...parseHead(head), body: stdout }
  }

  return { http }
}

/** Without CONTENT_LENGTH: git reads to the end of its input instead, and does not spin when a client cuts its request short. */
function environment(root: string, projectId: string, request: SmartRequest): Record<string, string> {
  const env: Record<string, string> = {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${projectId}.git/${request.advertise ? 'info/refs' : request.service}`,
    QUERY_STRING: request.advertise ? `service=${request.service}` : '',
    REQUEST_METHOD: request.advertise ? 'GET' : 'POST',
  }
  if (request.contentType !== undefined) env.CONTENT_TYPE = request.contentType
  if (request.contentEncoding !== undefined) env.HTTP_CONTENT_ENCODING = request.contentEncoding
  if (request.protocol !== undefined) env.GIT_PROTOCOL = request.protocol
  return env
}

function configuration(limits: GitStoreLimits, pushing: boolean): string[] {
  const common = [
    'http.getanyfile=false',
    'http.uploadpack=true',
    `transfer.hideRefs=${HIDDEN}`,
    'uploadpack.allowFilter=true',
  ]
  if (!pushing) return [...common, 'http.receivepack=false']
  return [
    ...common,
    'http.receivepack=true',
    `core.hooksPath=${HOOKS}`,
    'core.bigFileThreshold=16m',
    'pack.threads=1',
    'receive.autogc=false',
    'receive.updateServerInfo=false',
    `receive.maxInputSize=${limits.pushBytes}`,
    // Packs stay packs: unpacking would bypass the bound on memory above.
    'receive.unpackLimit=1',
    ...relaxedFsck('receive'),
  ]
}

/** The CGI headers, null when git ended before they were complete; what follows stays in the stream. */
async function readHead(stdout: Readable): Promise<string | null> {
  let head = Buffer.alloc(0)
  while (head.length < HEADER_BYTES) {
    const chunk: Buffer | null = stdout.read()
    if (chunk === null) {
      if (stdout.readableEnded || stdout.destroyed) return null
      await new Promise<void>(resolve => {
        const go = () => {
          stdout.off('readable', go).off('end', go).off('close', go).off('error', go)
          resolve()
        }
        stdout.on('readable', go).on('end', go).on('close', go).on('error', go)
      })
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) continue
    const rest = head.subarray(end + 4)
    if (rest.length > 0) stdout.unshift(rest)
    return head.subarray(0, end).toString('latin1')
  }
  return null
}

/** The same output; when its reader goes away the rest flows off, so that a push comes to its end and is told of. */
function drained(stdout: Readable): Readable {
  const out = new PassThrough()
  stdout.pipe(out)
  stdout.once('error', error => out.destroy(error))
  out.once('close', () => stdout.resume())
  return out
}

function parseHead(head: string): Omit<SmartResponse, 'body'> {
  const headers = head.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200'
  return { status: Number.parseInt(status, 10), headers: headers.filter(([name]) => name.toLowerCase() !== 'status') }
}
