import { Check, CircleAlert, MessageCircleQuestionMark } from 'lucide-react'
import { useId } from 'react'
import { Button } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { Markdown } from '../ui/markdown.tsx'
import type { QuestionRow } from './thread-rows.ts'

/**
 * What the agent asked. `onAnswer`: it waits for this answer now, and a click on an option gives it; the field below takes any other.
 */
export function Question({ row, onAnswer }: { row: QuestionRow; onAnswer: ((text: string) => void) | null }) {
  const id = useId()
  const { question, options, answer } = row
  const failed = answer?.startsWith('Error:')
  return (
    <section
      aria-labelledby={id}
      className={cx(
        'rounded-lg border px-3 py-2.5',
        onAnswer ? 'appear border-state-amber border-l-3 bg-raised shadow-sm' : 'border-line',
      )}
    >
      <h3 className="flex items-center gap-2 font-semibold text-xs" id={id}>
        <MessageCircleQuestionMark
          aria-hidden
          className={cx('size-4 shrink-0', onAnswer ? 'text-state-amber' : 'text-muted')}
        />
        {onAnswer ? 'The agent asks you' : answer === null ? 'The agent has asked' : 'The agent asked you'}
      </h3>
      <div className="mt-1 pl-6">
        <Markdown text={question} />
        {options.length > 0 && (
          <ul aria-label="Answers to choose from" className="mt-2 flex flex-wrap gap-2">
            {options.map(option => (
              <li className="max-w-full" key={option}>
                {onAnswer ? (
                  <Button
                    className="h-auto max-w-full whitespace-normal py-1.5 text-left"
                    onClick={() => onAnswer(option)}
                  >
                    {option}
                  </Button>
                ) : (
                  <Option chosen={answer?.trim() === option.trim()} text={option} />
                )}
              </li>
            ))}
          </ul>
        )}
        {onAnswer && (
          <p className="mt-2 text-muted text-xs">
            {options.length > 0 ? 'Choose one, or write something else below.' : 'Write your answer below.'} It goes on
            as soon as you have answered.
          </p>
        )}
        {failed && (
          <p className="mt-2 flex items-start gap-1.5 text-state-red text-xs">
            <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
            {answer}
          </p>
        )}
      </div>
    </section>
  )
}

function Option({ text, chosen }: { text: string; chosen: boolean }) {
  return (
    <span
      className={cx(
        'inline-flex items-center gap-1.5 rounded-md border px-2 py-1 text-xs',
        chosen ? 'border-line-strong font-medium' : 'border-line text-muted',
      )}
    >
      {chosen && <Check aria-hidden className="size-3.5 text-state-green" />}
      {text}
      {chosen && <span className="sr-only">(chosen)</span>}
    </span>
  )
}
