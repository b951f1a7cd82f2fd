import { ChevronDown } from 'lucide-react'
import { memo, useId, useMemo, useState } from 'react'
import type { DiffFile } from '../../../../shared/contract/task.ts'
import { Button } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { cx } from '../ui/cx.ts'
import { type DiffRow, diffRows, LARGE_DIFF, lineCount } from './diff-rows.ts'
import { FileStatus, fileAnchor, PlusMinus } from './file-list.tsx'

/** One file's changes, folded at first where they are many. */
export const FileDiff = memo(function FileDiff({ file }: { file: DiffFile }) {
  const id = useId()
  const lines = lineCount(file)
  const [open, setOpen] = useState(lines <= LARGE_DIFF)
  return (
    <section className="scroll-mt-2 rounded-lg border border-line bg-panel" id={fileAnchor(file.path)}>
      <header className="sticky top-0 z-10 flex items-center gap-2 rounded-t-lg border-line border-b bg-panel px-2 py-1">
        <button
          aria-controls={id}
          aria-expanded={open}
          className="flex min-w-0 flex-1 items-center gap-2 py-0.5 text-left"
          onClick={() => setOpen(!open)}
          type="button"
        >
          <ChevronDown
            aria-hidden
            className={cx('size-4 shrink-0 text-muted transition-transform', !open && '-rotate-90')}
          />
          <FileStatus status={file.status} />
          <span className="min-w-0 break-all font-mono text-xs">
            {file.oldPath && <span className="text-muted">{file.oldPath} → </span>}
            {file.path}
          </span>
        </button>
        {!file.binary && <PlusMinus additions={file.additions} deletions={file.deletions} />}
        <CopyButton label={`Copy the path ${file.path}`} text={file.path} />
      </header>
      <div id={id}>
        {open ? <Body file={file} /> : lines > LARGE_DIFF && <Large lines={lines} open={() => setOpen(true)} />}
      </div>
    </section>
  )
})

function Large({ lines, open }: { lines: number; open(): void }) {
  return (
    <p className="flex items-center gap-2 px-3 py-3 text-muted text-xs">
      {lines.toLocaleString('en')} lines are folded.
      <Button onClick={open} small>
        Show them
      </Button>
    </p>
  )
}

function Body({ file }: { file: DiffFile }) {
  const rows = useMemo(() => diffRows(file.hunks), [file.hunks])
  if (file.binary) return <p className="px-3 py-3 text-muted text-xs">A binary file: there are no lines to compare.</p>
  if (rows.length === 0) {
    const words = file.status === 'renamed' ? 'Only its name changed.' : 'There are no lines to show.'
    return <p className="px-3 py-3 text-muted text-xs">{words}</p>
  }
  return (
    <div className="overflow-x-auto rounded-b-lg">
      <table className="w-full border-collapse font-mono text-xs leading-5">
        <caption className="sr-only">Changes of {file.path}</caption>
        <thead className="sr-only">
          <tr>
            <th>Old line</th>
            <th>New line</th>
            <th>Sign</th>
            <th>Text</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place
            <Row key={place} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

const looks: Record<DiffRow['kind'], { row: string; number: string; sign: string }> = {
  context: { row: '', number: 'text-muted/80', sign: ' ' },
  added: { row: 'bg-add', number: 'bg-add-strong text-fg/80', sign: '+' },
  deleted: { row: 'bg-del', number: 'bg-del-strong text-fg/80', sign: '−' },
  note: { row: 'text-muted italic', number: '', sign: '' },
  gap: { row: 'bg-sunken text-muted', number: '', sign: '' },
}

function Row({ row }: { row: DiffRow }) {
  const look = looks[row.kind]
  const number = cx('w-px select-none whitespace-nowrap px-2 text-right align-top tabular-nums', look.number)
  if (row.kind === 'gap' || row.kind === 'note') {
    return (
      <tr className={look.row}>
        <td className="px-3" colSpan={4}>
          {row.text}
        </td>
      </tr>
    )
  }
  return (
    <tr className={look.row}>
      <td className={number}>{row.old}</td>
      <td className={number}>{row.new}</td>
      <td className="w-px select-none pl-2 align-top">{look.sign}</td>
      <td className="whitespace-pre pr-3 pl-1">{row.text}</td>
    </tr>
  )
}
