import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Entry = {
  version?: string
  cpu?: string[]
  os?: string[]
  libc?: string[]
  dev?: boolean
  license?: string
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/**
 * Run after every change of a dependency (`node infra/lockfile.ts`). A registry's mirror may lack the packages that hold binaries for other systems;
 * npm then leaves them out of the lock file, and `npm ci` refuses the file everywhere. This names them, by what their parents say:
 * their version, system and processor. They are not fetched where they do not fit.
 */
export function completeLock(entries: Record<string, Entry>): string[] {
  const added: string[] = []
  for (const [path, parent] of Object.entries(entries)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (resolves(entries, path, name)) continue
      entries[`node_modules/${name}`] = {
        version,
        ...fitting(name),
        ...(parent.dev && { dev: true }),
        ...(parent.license && { license: parent.license }),
        optional: true,
      }
      added.push(name)
    }
  }
  return added
}

/** True when the lock file has a package of this name where Node would look for it from the path. */
function resolves(entries: Record<string, Entry>, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (entries[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true
    if (!folder) return false
  }
}

/** Where a package of binaries fits, by the words of its name, as all such packages are called. */
function fitting(name: string): Pick<Entry, 'cpu' | 'os' | 'libc'> {
  const words = name.split('/').at(-1)!.split('-')
  const os = systems.filter(system => words.includes(system))
  const cpu = processors.filter(processor => words.includes(processor))
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : []
  return { ...(cpu.length > 0 && { cpu }), ...(os.length > 0 && { os }), ...(libc.length > 0 && { libc }) }
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../package-lock.json')
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const added = completeLock(lock.packages)
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(added.length > 0 ? `added ${added.join(', ')}` : 'the lock file is complete')
}
