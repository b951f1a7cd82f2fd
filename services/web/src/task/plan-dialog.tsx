import type { Task } from '../../../../shared/contract/task.ts'
import { PlanVersions } from '../proposals/plan-versions.tsx'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { useAskMove } from './move-provider.tsx'
import { PlanView } from './plan-view.tsx'
import { nameOf } from './task-words.ts'

/** A task's plan, to read before it is accepted. */
export function PlanDialog({ task, onClose }: { task: Task; onClose(): void }) {
  const ask = useAskMove()
  return (
    <Dialog
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {task.state === 'draft' && (
            <Button
              look="primary"
              onClick={() => {
                ask(task, 'accept')
                onClose()
              }}
            >
              Accept
            </Button>
          )}
        </>
      }
      onOpenChange={open => open || onClose()}
      open
      title={nameOf(task)}
      wide
    >
      {task.planVersion > 1 ? <PlanVersions task={task} /> : <PlanView task={task} />}
    </Dialog>
  )
}
