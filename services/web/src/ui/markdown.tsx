import { Fragment, memo, useMemo } from 'react'
import { CopyButton } from './copy-button.tsx'
import { cx } from './cx.ts'
import { parseInline } from './markdown-inline.ts'
import { type Block, type ListItem, parseMarkdown } from './markdown-parse.ts'

/** Markdown of a person or a model as elements. It is never HTML: what looks like it shows as text. */
export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  const parsed = useMemo(() => parseMarkdown(text), [text])
  return (
    <div className={cx('min-w-0 space-y-2 break-words leading-relaxed', className)}>
      <Blocks blocks={parsed} />
    </div>
  )
})

function Blocks({ blocks }: { blocks: Block[] }) {
  return blocks.map((block, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: blocks of a text have no identity but their place
    <Fragment key={place}>{element(block)}</Fragment>
  ))
}

function element(block: Block) {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p className="whitespace-pre-wrap">
          <Inlines text={block.text} />
        </p>
      )
    case 'heading': {
      // Below the headings of the page around it.
      const Heading = `h${Math.min(block.level + 3, 6)}` as 'h4' | 'h5' | 'h6'
      return (
        <Heading className="pt-1 font-semibold first:pt-0">
          <Inlines text={block.text} />
        </Heading>
      )
    }
    case 'code':
      return <CodeBlock info={block.info} text={block.text} />
    case 'quote':
      return (
        <blockquote className="space-y-2 border-line-strong border-l-2 pl-3 text-muted">
          <Blocks blocks={block.blocks} />
        </blockquote>
      )
    case 'rule':
      return <hr className="border-line" />
    case 'list':
      return block.ordered ? (
        <ol className="list-decimal space-y-1 pl-6" start={block.start}>
          <Items items={block.items} />
        </ol>
      ) : (
        <ul className="list-disc space-y-1 pl-5">
          <Items items={block.items} />
        </ul>
      )
  }
}

function Items({ items }: { items: ListItem[] }) {
  return items.map((item, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items have no identity but their place
    <li className={cx('space-y-1', item.ticked !== null && '-ml-5 list-none')} key={place}>
      {item.ticked !== null && <span className="mr-1.5">{item.ticked ? '☑' : '☐'}</span>}
      <Inlines text={item.text} />
      <Blocks blocks={item.blocks} />
    </li>
  ))
}

function Inlines({ text }: { text: string }) {
  return parseInline(text).map((inline, place) => {
    const key = `${place}-${inline.kind}`
    if (inline.kind === 'code') {
      return (
        <code className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.85em]" key={key}>
          {inline.text}
        </code>
      )
    }
    if (inline.kind === 'strong') return <strong key={key}>{inline.text}</strong>
    if (inline.kind === 'em') return <em key={key}>{inline.text}</em>
    if (inline.kind === 'link') {
      return (
        <a
          className="text-state-blue underline underline-offset-2"
          href={inline.href}
          key={key}
          rel="noreferrer noopener"
          target="_blank"
        >
          {inline.text}
        </a>
      )
    }
    return <Fragment key={key}>{inline.text}</Fragment>
  })
}

/** Code or output, as it is, with a button that copies it. */
export function CodeBlock({ info, text, className }: { info?: string; text: string; className?: string }) {
  return (
    <div className={cx('group relative overflow-hidden rounded-md border border-line bg-sunken', className)}>
      {info && <div className="truncate border-line border-b px-3 py-1 font-mono text-2xs text-muted">{info}</div>}
      <pre className="max-h-96 overflow-auto px-3 py-2 font-mono text-xs leading-relaxed">{text}</pre>
      <div className="absolute top-0 right-1 opacity-0 focus-within:opacity-100 group-hover:opacity-100 [&_button]:size-6">
        <CopyButton label="Copy" text={text} />
      </div>
    </div>
  )
}
