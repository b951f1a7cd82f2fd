import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from 'sonner'
import type { Task } from '../../../../shared/contract/task.ts'
import { LIMITS } from '../../../../shared/domain/limits.ts'
import { keys } from '../api/keys.ts'
import { problemWords } from '../api/problem-words.ts'
import { patchTask } from '../api/task-cache.ts'
import { useDeps } from '../app/deps.tsx'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { TaskChoice } from './task-choice.tsx'
import { possiblePrerequisites } from './task-graph.ts'

/** Dependencies and priority of a task that has not started. */
export function EdgeEditor({ task, tasks }: { task: Task; tasks: Task[] }) {
  const { client } = useDeps()
  const queryClient = useQueryClient()
  const [dependsOn, setDependsOn] = useState(task.dependsOn)
  const [priority, setPriority] = useState(String(task.priority))
  const save = useMutation({
    mutationFn: () => client.updateTask({ params: { id: task.id }, body: { dependsOn, priority: Number(priority) } }),
    onSuccess: saved => {
      patchTask(queryClient, task.id, () => saved)
      toast.success('Saved')
    },
    onError: error => toast.error('Not saved', { description: problemWords(error), duration: 10_000 }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.tasks(task.projectId) }),
  })
  const changed = dependsOn.join() !== task.dependsOn.join() || priority !== String(task.priority)
  const chosen = tasks.filter(one => task.dependsOn.includes(one.id))
  const options = [...new Set([...chosen, ...possiblePrerequisites(task.id, tasks)])].map(one => ({
    id: one.id,
    label: one.title,
    note: `#${one.number}`,
  }))
  return (
    <form
      className="space-y-3"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <TaskChoice
        chosen={dependsOn}
        hint="Can be changed until it starts."
        label="Depends on"
        onChange={setDependsOn}
        options={options}
      />
      <div className="flex items-end gap-2">
        <TextField
          className="w-28"
          label="Priority"
          max={LIMITS.task.maxPriority}
          min={LIMITS.task.minPriority}
          onChange={event => setPriority(event.target.value)}
          required
          step={1}
          type="number"
          value={priority}
        />
        <Button disabled={!changed} look="primary" pending={save.isPending} type="submit">
          Save
        </Button>
      </div>
    </form>
  )
}
