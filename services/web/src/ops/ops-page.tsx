import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { OpsOverview } from '../../../../shared/contract/ops.ts'
import { TASK_STATES } from '../../../../shared/domain/task-state.ts'
import { isForbidden } from '../api/problem-words.ts'
import { useDeps } from '../app/deps.tsx'
import { InBar } from '../app/shell-slots.tsx'
import { useTitle } from '../app/use-title.ts'
import { StateMark } from '../task/state-mark.tsx'
import { cx } from '../ui/cx.ts'
import { Failed } from '../ui/failed.tsx'
import { Empty, Loading, Notice } from '../ui/notice.tsx'
import { timeWords } from '../ui/time-words.ts'
import { Table } from './table.tsx'

/** The installation: its parts, workers, queues and containers. For administrators. */
export function OpsPage() {
  const { queries } = useDeps()
  const overview = useQuery(queries.opsOverview())
  const containers = useQuery(queries.opsContainers())
  useTitle('Operations')
  const bar = (
    <InBar>
      <h1 className="min-w-0 flex-1 truncate font-semibold">Operations</h1>
    </InBar>
  )
  if (isForbidden(overview.error)) {
    return (
      <>
        {bar}
        <Empty title="Only for administrators">Ask one of them, or sign in with the token that “make up” prints.</Empty>
      </>
    )
  }
  return (
    <>
      {bar}
      <div className="mx-auto h-full max-w-5xl space-y-6 overflow-y-auto p-3 sm:p-6">
        {overview.isPending && <Loading label="The state of the installation is being read" />}
        {overview.error && <Failed error={overview.error} retry={() => void overview.refetch()} what="The overview" />}
        {overview.data && <Overview overview={overview.data} />}
        <Group title="Containers">
          <Table
            columns={['Container', 'Task', 'Epoch', 'Worker', 'Started']}
            empty="No task is running."
            rows={(containers.data ?? []).map(({ id, taskId, threadId, epoch, worker, startedAt }) => [
              <code key="id">{id.slice(0, 12)}</code>,
              <code key="task">{taskId ?? `thread ${threadId}`}</code>,
              epoch,
              worker,
              timeWords(startedAt),
            ])}
          />
        </Group>
        <p className="text-muted text-xs">
          <a className="underline" href="/docs">
            API documentation
          </a>{' '}
          ·{' '}
          <a className="underline" href="/metrics">
            Metrics
          </a>
        </p>
      </div>
    </>
  )
}

function Overview({ overview }: { overview: OpsOverview }) {
  const { workers, queues, tasks } = overview
  const alive = workers.filter(worker => worker.alive)
  return (
    <>
      {!overview.database && (
        <Notice kind="error" title="Postgres does not answer">
          Nothing can move until it does.
        </Notice>
      )}
      {!overview.redis && (
        <Notice kind="error" title="Redis does not answer">
          No task starts until it does; nothing is lost meanwhile.
        </Notice>
      )}
      {alive.length === 0 && (
        <Notice kind="warning" title="No worker is running">
          Start one with: SERVICES=worker node services/main.ts
        </Notice>
      )}
      <dl className="grid grid-cols-2 gap-2 sm:grid-cols-4">
        <Figure name="Active" of={overview.limit} value={overview.active} />
        <Figure name="In line for a slot" value={overview.inLine} />
        <Figure name="Applies under way" value={overview.applies} />
        <Figure name="Workers" value={alive.length} />
        <Figure name="Outbox" value={overview.outbox} />
        <Figure name="Late writes refused" value={overview.fencedWrites} />
        <Figure name="Plan" value={overview.plan} />
        <Figure name="Version" value={overview.version} />
      </dl>
      <Group title="Tasks">
        <ul className="flex flex-wrap gap-x-5 gap-y-1.5">
          {TASK_STATES.filter(state => (tasks[state] ?? 0) > 0).map(state => (
            <li className="flex items-center gap-1.5" key={state}>
              <StateMark state={state} /> <span className="tabular-nums">{tasks[state]}</span>
            </li>
          ))}
        </ul>
      </Group>
      <Group title="Workers">
        <Table
          columns={['Name', 'State', 'Tasks', 'Version', 'Started', 'Seen']}
          empty="None has ever started."
          rows={workers.map(worker => [
            worker.name,
            <span className={cx('font-medium', worker.alive ? 'text-state-green' : 'text-state-red')} key="state">
              {worker.alive ? (worker.draining ? 'Draining' : 'Online') : 'Gone'}
            </span>,
            `${worker.running} of ${worker.concurrency}`,
            worker.version,
            timeWords(worker.startedAt),
            timeWords(worker.seenAt),
          ])}
        />
      </Group>
      <Group title="Queues">
        <Table
          columns={['Queue', 'Jobs']}
          empty="None."
          rows={queues.map(queue => [
            queue.name,
            Object.entries(queue.counts)
              .filter(([, jobs]) => jobs > 0)
              .map(([state, jobs]) => `${state} ${jobs}`)
              .join(' · ') || 'empty',
          ])}
        />
      </Group>
    </>
  )
}

function Figure({ name, value, of }: { name: string; value: ReactNode; of?: number }) {
  return (
    <div className="rounded-lg border border-line bg-panel px-3 py-2">
      <dt className="text-muted text-xs">{name}</dt>
      <dd className="font-semibold text-lg tabular-nums">
        {value}
        {of !== undefined && <span className="font-normal text-muted text-sm"> of {of}</span>}
      </dd>
    </div>
  )
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2 className="mb-2 font-semibold">{title}</h2>
      {children}
    </section>
  )
}
