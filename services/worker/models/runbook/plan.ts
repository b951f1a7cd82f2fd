import { slugify } from '../../../../shared/domain/slug.ts'
import { type Scan, scanFences } from './fences.ts'

export type ProposedTask = {
  key: string
  title: string
  description: string
  plan: string
  doneWhen: string
  dependsOn: string[]
}

const DESCRIPTION_CHARS = 500
const KEY_CHARS = 60
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const DONE_WHEN = 'Every block of the plan ran without an error.'

type Section = { title: string; lines: string[]; prose: boolean[] }

/** Level and text of an ATX heading (`## Title`, perhaps with closing `#`s), or null. */
const heading = (line: string): { level: number; text: string } | null => {
  const match = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$/.exec(line)
  return match ? { level: match[1]!.length, text: (match[2] ?? '').trim() } : null
}

/** What stands before the first `## Title`, and the sections. */
const sectionsOf = ({ lines, fences }: Scan): { preamble: Section; sections: Section[] } => {
  const sections: Section[] = []
  const preamble: Section = { title: '', lines: [], prose: [] }
  let open: Section | null = preamble
  let fence = 0
  for (const [at, line] of lines.entries()) {
    while (fence < fences.length && fences[fence]!.end <= at) fence++
    const isProse = fence >= fences.length || at < fences[fence]!.start
    const found = isProse ? heading(line) : null
    if (found?.level === 1 && sections.length === 0) continue
    if (found && found.level <= 2) {
      open = found.level === 2 && found.text !== '' ? { title: found.text, lines: [], prose: [] } : null
      if (open) sections.push(open)
    } else if (open) {
      open.lines.push(line)
      open.prose.push(isProse)
    }
  }
  return { preamble, sections }
}

/** Takes the lines `name: value` out of a section's prose and gives their values. */
const take = (section: Section, name: RegExp): string[] => {
  const values: string[] = []
  for (let at = section.lines.length - 1; at >= 0; at--) {
    const match = section.prose[at] ? name.exec(section.lines[at]!) : null
    if (!match) continue
    values.unshift(match[1]!.trim())
    section.lines.splice(at, 1)
    section.prose.splice(at, 1)
  }
  return values.filter(value => value !== '')
}

const normal = (title: string): string => title.trim().toLowerCase().replace(/\s+/g, ' ')

/** Keys are slugs of titles; ids stay as they are. */
const keyOf = (name: string): string => (UUID.test(name) ? name : slugify(name, KEY_CHARS, 'task'))

/** Keys for a list of titles separated by commas, also of titles that have a comma themselves. */
const splitTitles = (value: string, known: ReadonlyMap<string, string>): string[] => {
  const pieces = value.split(',')
  const keys: string[] = []
  for (let at = 0; at < pieces.length; ) {
    let end = pieces.length
    while (end > at + 1 && !known.has(normal(pieces.slice(at, end).join(',')))) end--
    const title = pieces.slice(at, end).join(',')
    if (title.trim() !== '') keys.push(known.get(normal(title)) ?? keyOf(title.trim()))
    at = end
  }
  return keys
}

const firstParagraph = (section: Section): string => {
  const from = section.lines.findIndex((line, at) => section.prose[at] && line.trim() !== '')
  if (from < 0) return ''
  const length = section.lines.slice(from).findIndex((line, at) => line.trim() === '' || !section.prose[from + at])
  const lines = section.lines.slice(from, length < 0 ? undefined : from + length)
  return lines
    .map(line => line.trim())
    .join(' ')
    .slice(0, DESCRIPTION_CHARS)
    .toWellFormed()
}

/**
 * What a Markdown text proposes, as arguments of `propose_tasks`: every `## Title` section one task, its lines
 * `after: Title, Other title` the dependencies and `done when: …` what done looks like, the rest its plan; lines
 * `remove: Title, Other title` before the first section name drafts that are to go. Null without either. Keys are slugs of the titles, so that a title that stays keeps its task. Headings in blocks are no headings.
 */
export const proposal = (text: string): { tasks: ProposedTask[]; remove?: string[] } | null => {
  const { preamble, sections } = sectionsOf(scanFences(text))
  const removed = take(preamble, /^\s*(?:[-*]\s+)?remove:(.*)$/i)
  if (sections.length === 0 && removed.length === 0) return null
  const used = new Set<string>()
  const known = new Map<string, string>()
  const keyed = sections.map(section => {
    const base = slugify(section.title, KEY_CHARS, 'task')
    let key = base
    for (let n = 2; used.has(key); n++) key = `${base}-${n}`
    used.add(key)
    if (!known.has(normal(section.title))) known.set(normal(section.title), key)
    return { section, key }
  })
  const tasks = keyed.map(({ section, key }) => {
    const after = take(section, /^\s*(?:[-*]\s+)?after:(.*)$/i)
    const doneWhen = take(section, /^\s*(?:[-*]\s+)?done when:(.*)$/i)
    const plan = section.lines.join('\n').trim()
    return {
      key,
      title: section.title,
      description: firstParagraph(section) || section.title,
      plan: plan || section.title,
      doneWhen: doneWhen.join('\n') || DONE_WHEN,
      dependsOn: [...new Set(after.flatMap(value => splitTitles(value, known)))],
    }
  })
  const remove = [...new Set(removed.flatMap(value => splitTitles(value, known)))]
  return { tasks, ...(remove.length > 0 && { remove }) }
}
