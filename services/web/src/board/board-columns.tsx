import { ListFilter, PenLine } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react'
import type { Task } from '../../../../shared/contract/task.ts'
import type { BoardColumn } from '../../../../shared/domain/task-state.ts'
import { blockedWords } from '../task/task-words.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Menu, MenuChoice } from '../ui/menu.tsx'
import { moveFocus } from './arrow-keys.ts'
import { type BoardView, boardColumns, hiddenCount } from './board-view.ts'
import { Column } from './column.tsx'

const ReviseDrafts = lazy(async () => ({ default: (await import('../proposals/revise-drafts.tsx')).ReviseDrafts }))

const titles: Record<BoardColumn, string> = { drafts: 'Drafts', active: 'Active', ready: 'Ready', done: 'Done' }

const empty: Record<BoardColumn, string> = {
  drafts: 'Drafts wait here for your review. Press C to write one.',
  active: 'Accepted tasks run here, several at once.',
  ready: 'Finished work waits here until you apply or dismiss it.',
  done: 'What has become part of the main version.',
}

/** The four columns. Arrow keys go from card to card. */
export function BoardColumns({
  tasks,
  view,
  onView,
}: {
  tasks: Task[]
  view: BoardView
  onView(view: BoardView): void
}) {
  const columns = useMemo(() => boardColumns(tasks, view), [tasks, view])
  const byId = useMemo(() => new Map(tasks.map(task => [task.id, task])), [tasks])
  const blocked = (task: Task) => task.blocked && blockedWords(task.blocked, id => byId.get(id))
  const actions: Partial<Record<BoardColumn, ReactNode>> = {
    drafts: columns.drafts.length > 0 && <Revise drafts={columns.drafts} />,
    done: <DoneFilter hidden={hiddenCount(tasks)} onView={onView} view={view} />,
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only moves the focus between the links inside
    <div
      className="grid h-full gap-3 p-3 max-md:flex max-md:snap-x max-md:overflow-x-auto md:grid-cols-4"
      onKeyDown={moveFocus}
    >
      {(Object.keys(titles) as BoardColumn[]).map(column => (
        <Column
          actions={actions[column]}
          blocked={blocked}
          empty={view.q ? 'Nothing here matches the search.' : empty[column]}
          key={column}
          tasks={columns[column]}
          title={titles[column]}
        />
      ))}
    </div>
  )
}

function Revise({ drafts }: { drafts: Task[] }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button
        icon={<PenLine aria-hidden className="size-3.5" />}
        look="ghost"
        onClick={() => setOpen(true)}
        small
        title="Ask the agent to change the plan before anything starts"
      >
        Revise plan
      </Button>
      {open && (
        <Suspense>
          <ReviseDrafts
            first={drafts.map(({ id }) => id)}
            onClose={() => setOpen(false)}
            projectId={drafts[0]!.projectId}
          />
        </Suspense>
      )}
    </>
  )
}

function DoneFilter({ view, onView, hidden }: { view: BoardView; onView(view: BoardView): void; hidden: number }) {
  return (
    <Menu
      label="What the Done column shows"
      trigger={
        <IconButton label={view.all ? 'Filter: cancelled and dismissed are shown' : 'Filter the Done column'}>
          <ListFilter aria-hidden className={view.all ? 'size-4 text-accent' : 'size-4'} />
        </IconButton>
      }
    >
      <MenuChoice checked={view.all === true} onSelect={() => onView({ ...view, all: view.all ? undefined : true })}>
        Show cancelled and dismissed ({hidden})
      </MenuChoice>
    </Menu>
  )
}
