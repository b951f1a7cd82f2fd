import { LIMITS } from '../../../shared/domain/limits.ts'

interface Folder {
  path: string
  files: string[]
  folders: Map<string, Folder>
  /** Files below it, at any depth. */
  count: number
}

/**
 * A project's files within a number of lines: all of them where they fit; else as deep as they fit, and what lies deeper as its
 * folder with the number of its files.
 */
export function projectTree(files: readonly string[], lines: number = LIMITS.overview.treeLines): string[] {
  if (files.length <= lines) return [...files]
  const root = treeOf(files)
  let shown = [folderLine(root)]
  for (let depth = 1; ; depth++) {
    const deeper = toDepth(root, depth)
    if (deeper.length > lines || deeper.length === shown.length) break
    shown = deeper
  }
  // Where even the top does not fit, its first lines say most.
  return shown.length > 1 ? shown : [...toDepth(root, 1).slice(0, lines - 1), '…']
}

function treeOf(files: readonly string[]): Folder {
  const root: Folder = { path: '', files: [], folders: new Map(), count: 0 }
  for (const file of files) {
    const parts = file.split('/')
    let folder = root
    folder.count++
    for (const part of parts.slice(0, -1)) {
      const path = `${folder.path}${part}/`
      const inner: Folder = folder.folders.get(part) ?? { path, files: [], folders: new Map(), count: 0 }
      folder.folders.set(part, inner)
      folder = inner
      folder.count++
    }
    folder.files.push(file)
  }
  return root
}

const folderLine = ({ path, count }: Folder): string => `${path || './'} (${count} ${count === 1 ? 'file' : 'files'})`

/** The lines of a folder's content down to a depth. */
function toDepth(folder: Folder, depth: number): string[] {
  const inner = [...folder.folders.values()].flatMap(each =>
    depth > 1 && each.count > 1 ? toDepth(each, depth - 1) : [each.count === 1 ? onlyFile(each) : folderLine(each)],
  )
  return [...inner, ...folder.files]
}

function onlyFile(folder: Folder): string {
  for (const inner of folder.folders.values()) return onlyFile(inner)
  return folder.files[0] ?? folder.path
}
