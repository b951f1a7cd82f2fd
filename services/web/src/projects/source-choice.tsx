import { FilePlus, GitBranch, Ship } from 'lucide-react'
import { RadioGroup } from 'radix-ui'
import type { ProjectSource } from '../../../../shared/contract/project.ts'

const sources = [
  { kind: 'sample', icon: Ship, title: 'Sample', text: 'A small web app with tests, to see Slipway work' },
  { kind: 'git', icon: GitBranch, title: 'From git', text: 'A copy of a repository, with its history' },
  { kind: 'empty', icon: FilePlus, title: 'Empty', text: 'A new repository with nothing in it' },
] as const

/** Where the project's files come from. */
export function SourceChoice({
  kind,
  onChange,
}: {
  kind: ProjectSource['kind']
  onChange(kind: ProjectSource['kind']): void
}) {
  return (
    <RadioGroup.Root
      aria-label="Start from"
      className="grid gap-2 sm:grid-cols-3"
      onValueChange={value => onChange(value as ProjectSource['kind'])}
      value={kind}
    >
      {sources.map(({ kind: value, icon: Icon, title, text }) => (
        <RadioGroup.Item
          aria-label={title}
          className="flex flex-col items-start gap-1 rounded-lg border border-line-strong p-3 text-left transition-colors hover:bg-sunken data-[state=checked]:border-accent data-[state=checked]:bg-accent/8 data-[state=checked]:ring-1 data-[state=checked]:ring-accent"
          key={value}
          value={value}
        >
          <span className="flex items-center gap-1.5 font-medium">
            <Icon aria-hidden className="size-4" /> {title}
          </span>
          <span className="text-muted text-xs">{text}</span>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  )
}
