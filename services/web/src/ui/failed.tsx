import { problemWords } from '../api/problem-words.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

/** A reading that failed: what was to be read, why it was not, and a button to ask again. */
export function Failed({ what, error, retry }: { what: string; error: unknown; retry(): void }) {
  return (
    <div className="p-3">
      <Notice
        action={
          <Button onClick={retry} small>
            Try again
          </Button>
        }
        kind="error"
        title={`${what} could not be read`}
      >
        {problemWords(error)}
      </Notice>
    </div>
  )
}
