import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/notice.tsx'

/** No page has this address. */
export function Missing() {
  return (
    <Empty
      action={
        <Link className="text-state-blue underline" to="/">
          All projects
        </Link>
      }
      title="There is nothing at this address"
    >
      It may have been deleted, or belong to somebody else.
    </Empty>
  )
}

/** A page that threw: nothing of the work is lost, since all of it is on the server. */
export function Broken({ error }: ErrorComponentProps) {
  return (
    <Empty action={<Button onClick={() => location.reload()}>Reload the page</Button>} title="This page broke">
      <p>Your tasks are not touched by it. What happened: {error instanceof Error ? error.message : String(error)}</p>
    </Empty>
  )
}
