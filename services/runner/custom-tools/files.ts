import { constants } from 'node:fs'
import { chmod, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CustomToolAnswer, CustomToolRequest, FoundManifest } from '../../../shared/contract/custom-tool.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { insidePath } from '../paths.ts'
import { replaceFile } from '../replace-file.ts'
import { clip, size, storable } from '../text.ts'
import { ToolError } from '../tool-error.ts'

// Written out here too: the schemas of the contract would cost more time to load than all else does.
const FOLDER = '.slipway/tools'
const EXTENSION = '.json'
const { tools: most, manifestBytes } = LIMITS.customTools

type Change = Exclude<CustomToolRequest, { do: 'list' }>

/**
 * The manifests of the project's tools in the work tree `root`, sorted by name; where a file is no plain JSON, or its script is
 * not there, with what is wrong. What a manifest says is the worker's to judge.
 */
export async function listTools(root: string): Promise<Extract<CustomToolAnswer, { kind: 'list' }>> {
  const { real, exists } = await insidePath(root, FOLDER)
  if (!exists) return { kind: 'list', found: [], left: 0 }
  const files = (await readdir(real)).filter(name => name.endsWith(EXTENSION)).sort()
  const found: FoundManifest[] = []
  for (const file of files.slice(0, most)) {
    const shown = storable(clip(file, 250))
    try {
      found.push({ file: shown, manifest: await readManifest(root, join(real, file)) })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      found.push({ file: shown, problem: storable(clip(reason, 400)) })
    }
  }
  return { kind: 'list', found, left: files.length - found.length }
}

async function readManifest(root: string, path: string): Promise<unknown> {
  const manifest = parseJson(await readPlain(path))
  // JSON says some numbers shorter than they are printed.
  if (Buffer.byteLength(JSON.stringify(manifest)) > manifestBytes) throw tooLarge()
  const script = (manifest as { script?: unknown } | null)?.script
  if (typeof script === 'string') await findScript(root, script)
  return manifest
}

/** Neither through a link nor from anything that is not a file: a pipe would be waited for. */
async function readPlain(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(error => {
    const code = (error as NodeJS.ErrnoException).code
    throw new ToolError(code === 'ELOOP' ? 'it is a link, not a file' : `it cannot be read (${code})`)
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new ToolError('it is not a regular file')
    if (found.size > manifestBytes) throw tooLarge()
    const bytes = Buffer.alloc(manifestBytes)
    const { bytesRead } = await file.read(bytes, 0, manifestBytes, 0)
    return bytes.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ToolError(`it is not valid JSON: ${(error as Error).message}`)
  }
}

const tooLarge = () => new ToolError(`it is larger than ${size(manifestBytes)}`)

/** @returns the script's path relative to the work tree. @throws ToolError when it is not a file in it */
async function findScript(root: string, path: string): Promise<{ real: string; shown: string; executable: boolean }> {
  const { real, shown, exists } = await insidePath(root, path)
  if (!exists) throw new ToolError(`there is no script ${shown}. Write it first.`)
  const found = await stat(real)
  if (!found.isFile()) throw new ToolError(`${shown} is not a regular file. Give the path of a script.`)
  return { real, shown, executable: (found.mode & 0o100) !== 0 }
}

/**
 * Writes a tool's manifest, and for a new tool its script, executable.
 * @throws ToolError for a script that is not in the work tree, or one tool too many
 */
export async function changeTool(
  root: string,
  change: Change,
  isIgnored: (path: string) => boolean,
): Promise<Extract<CustomToolAnswer, { kind: 'done' }>> {
  const { name, description, parameters } = change
  const manifestPath = `${FOLDER}/${name}${EXTENSION}`
  const manifest = await insidePath(root, manifestPath)
  if (!manifest.exists) await requireRoom(root)
  const script = change.do === 'create' ? `${FOLDER}/${name}` : (await findScript(root, change.path)).shown
  const text = `${JSON.stringify({ name, description, parameters, script }, null, 2)}\n`
  if (Buffer.byteLength(text) > manifestBytes) {
    throw new ToolError(`the tool's description and parameters are larger than ${size(manifestBytes)}. Shorten them.`)
  }
  if (change.do === 'create') await writeScript(root, script, change.script)
  else await makeExecutable(root, script)
  await replaceFile(manifest.real, text)
  return { kind: 'done', script, ignored: isIgnored(manifestPath) || isIgnored(script) }
}

async function requireRoom(root: string): Promise<void> {
  const { found, left } = await listTools(root)
  if (found.length + left < most) return
  throw new ToolError(`the project has ${most} tools, the most that it may have. Remove one that is not needed first.`)
}

async function writeScript(root: string, path: string, script: string): Promise<void> {
  const { real } = await insidePath(root, path)
  await replaceFile(real, script.endsWith('\n') ? script : `${script}\n`)
  await chmod(real, 0o755)
}

async function makeExecutable(root: string, path: string): Promise<void> {
  const { real, executable } = await findScript(root, path)
  if (!executable) await chmod(real, 0o755)
}
