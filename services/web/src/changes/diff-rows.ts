import type { DiffFile } from '../../../../shared/contract/task.ts'

/** One line of a unified diff with its numbers on both sides; `gap` stands for what lies between two hunks. */
export interface DiffRow {
  kind: 'context' | 'added' | 'deleted' | 'note' | 'gap'
  old: number | null
  new: number | null
  text: string
}

/** A file's hunks as rows, numbered. */
export function diffRows(hunks: DiffFile['hunks']): DiffRow[] {
  return hunks.flatMap((hunk, place) => {
    let old = hunk.oldStart
    let next = hunk.newStart
    const rows = hunk.lines.map((line): DiffRow => {
      const text = line.slice(1)
      switch (line[0]) {
        case '+':
          return { kind: 'added', old: null, new: next++, text }
        case '-':
          return { kind: 'deleted', old: old++, new: null, text }
        case '\\':
          return { kind: 'note', old: null, new: null, text: text.trim() }
        default:
          return { kind: 'context', old: old++, new: next++, text }
      }
    })
    const gap: DiffRow = {
      kind: 'gap',
      old: null,
      new: null,
      text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    }
    return place > 0 || hunk.oldStart > 1 ? [gap, ...rows] : rows
  })
}

/** Lines of a file's diff beyond which it starts folded. */
export const LARGE_DIFF = 400

export const lineCount = ({ hunks }: Pick<DiffFile, 'hunks'>): number =>
  hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0)

/** All lines added and deleted. */
export const totals = (files: readonly DiffFile[]): { additions: number; deletions: number } =>
  files.reduce(
    (sum, { additions, deletions }) => ({ additions: sum.additions + additions, deletions: sum.deletions + deletions }),
    { additions: 0, deletions: 0 },
  )
