import type { DiffFile } from '../../../../shared/contract/task.ts'
import { cx } from '../ui/cx.ts'

/** Where a file's diff stands on the page. */
export const fileAnchor = (path: string): string => `file-${encodeURIComponent(path)}`

const marks: Record<DiffFile['status'], { letter: string; word: string; tone: string }> = {
  added: { letter: 'A', word: 'Added', tone: 'text-state-green' },
  modified: { letter: 'M', word: 'Changed', tone: 'text-state-amber' },
  deleted: { letter: 'D', word: 'Deleted', tone: 'text-state-red' },
  renamed: { letter: 'R', word: 'Renamed', tone: 'text-state-blue' },
}

/** How a file changed, as a letter with its word for whoever asks. */
export function FileStatus({ status }: { status: DiffFile['status'] }) {
  const { letter, word, tone } = marks[status]
  return (
    <abbr
      aria-label={word}
      className={cx('w-4 shrink-0 text-center font-mono font-semibold text-xs no-underline', tone)}
      title={word}
    >
      {letter}
    </abbr>
  )
}

/** Lines added and deleted, with their signs. */
export function PlusMinus({ additions, deletions }: { additions: number; deletions: number }) {
  return (
    <span className="shrink-0 font-mono text-xs tabular-nums">
      <span className="text-state-green">+{additions}</span> <span className="text-state-red">−{deletions}</span>
    </span>
  )
}

/** The changed files; each leads to its diff. */
export function FileList({ files }: { files: DiffFile[] }) {
  return (
    <nav aria-label="Changed files" className="max-h-64 overflow-y-auto rounded-lg border border-line py-1">
      <ul>
        {files.map(file => (
          <li key={file.path}>
            <a
              className="flex items-center gap-2 px-2 py-0.5 hover:bg-sunken"
              href={`#${fileAnchor(file.path)}`}
              onClick={event => {
                event.preventDefault()
                const target = document.getElementById(fileAnchor(file.path))
                target?.scrollIntoView({ block: 'start' })
                target?.querySelector('button')?.focus({ preventScroll: true })
              }}
            >
              <FileStatus status={file.status} />
              <span className="min-w-0 flex-1 truncate font-mono text-xs">{file.path}</span>
              {file.binary ? (
                <span className="text-muted text-xs">binary</span>
              ) : (
                <PlusMinus additions={file.additions} deletions={file.deletions} />
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
