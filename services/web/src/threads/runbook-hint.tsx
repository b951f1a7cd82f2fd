/** What the model without a key takes, which follows Markdown instead of thinking. */
export function RunbookHint() {
  return (
    <span className="mt-2 block text-xs">
      This project's model is runbook, which needs no key: it makes a draft of every <code>## Title</code> section, with
      a line <code>after: Other title</code> for what comes before it, and runs the <code>sh</code> and{' '}
      <code>file path=…</code> blocks of a plan. Choose another model in the settings.
    </span>
  )
}
