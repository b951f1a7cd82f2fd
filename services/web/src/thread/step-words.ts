import {
  FilePen,
  FilePlus,
  FileText,
  FolderTree,
  Lightbulb,
  ListChecks,
  type LucideIcon,
  MessageCircleQuestionMark,
  Search,
  Terminal,
  Users,
  Workflow,
  Wrench,
} from 'lucide-react'
import { count } from '../ui/time-words.ts'

/** A tool call in words: what it did, and to what. */
export interface StepWords {
  icon: LucideIcon
  verb: string
  target: string
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const firstLine = (value: unknown): string => text(value).trim().split('\n')[0] ?? ''
const size = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

/** Words for every tool that an agent has; for any other its name and arguments. */
export function stepWords(name: string, args: Record<string, unknown>): StepWords {
  switch (name) {
    case 'bash':
      return { icon: Terminal, verb: 'Ran', target: firstLine(args.command) }
    case 'read_file':
      return { icon: FileText, verb: 'Read', target: text(args.path) }
    case 'write_file':
      return { icon: FilePlus, verb: 'Wrote', target: text(args.path) }
    case 'edit_file':
      return { icon: FilePen, verb: 'Edited', target: text(args.path) }
    case 'list_files':
      return { icon: FolderTree, verb: 'Listed', target: text(args.path) || text(args.glob) || 'all files' }
    case 'search':
      return { icon: Search, verb: 'Searched', target: text(args.pattern) }
    case 'propose_tasks':
      return { icon: ListChecks, verb: 'Proposed', target: count(size(args.tasks), 'task') }
    case 'parallel':
      return { icon: Workflow, verb: 'Ran in parallel', target: count(size(args.tasks), 'task') }
    case 'task':
      return { icon: Users, verb: 'Asked a sub-agent', target: firstLine(args.prompt) }
    case 'consult':
      return { icon: Lightbulb, verb: 'Consulted', target: firstLine(args.question) }
    case 'ask_user':
      return { icon: MessageCircleQuestionMark, verb: 'Asked you', target: firstLine(args.question) }
    default:
      return { icon: Wrench, verb: name, target: Object.keys(args).length > 0 ? JSON.stringify(args) : '' }
  }
}

/** What a call was given, to be read: the command, the file's text, the change, else the arguments as JSON. */
export function stepInput(name: string, args: Record<string, unknown>): string {
  if (name === 'bash') return text(args.command)
  if (name === 'write_file') return text(args.content)
  if (name === 'edit_file') {
    const signed = (sign: string, value: unknown) =>
      text(value)
        .split('\n')
        .map(line => sign + line)
    return [...signed('- ', args.oldText), ...signed('+ ', args.newText)].join('\n')
  }
  if (name === 'ask_user' || name === 'consult') return text(args.question)
  return Object.keys(args).length > 0 ? JSON.stringify(args, null, 2) : ''
}
