import { expect, test } from 'vitest'
import { isStuck, repeatsIn, stuckMessage, withHints } from '../../../../services/worker/run/repeats.ts'
import { type HistoryMessage, INTERRUPTED_RESULT } from '../../../../shared/contract/history.ts'

type Made = { name?: string; args?: unknown; text: string }

let ids = 0
/** A reply with these calls, and their results. */
function exchange(...made: Made[]): [HistoryMessage, Extract<HistoryMessage, { role: 'tool' }>] {
  const calls = made.map(({ name = 'bash', args = { command: 'make' } }) => ({ id: `id-${ids++}`, name, args }))
  const results = calls.map(({ id, name }, index) => ({ callId: id, name, text: made[index]!.text }))
  return [
    { role: 'assistant', text: '', calls },
    { role: 'tool', results },
  ]
}

const task: HistoryMessage = { role: 'user', text: 'Do it.' }
const FAILED = 'no rule\n[exit 2, 0.1s]'

/** The history after so many replies that each make the same call, with the hints that the agent reads. */
function repeated(times: number, made: (n: number) => Made): HistoryMessage[] {
  const history: HistoryMessage[] = [task]
  for (let n = 1; n <= times; n++) {
    const [reply, results] = exchange(made(n))
    history.push(reply, withHints([...history, reply], results))
  }
  return history
}

const hinted = (history: readonly HistoryMessage[]) =>
  history.flatMap(message =>
    message.role === 'tool' ? message.results.map(({ text }) => /result (\d) in a row/.exec(text)?.[1]) : [],
  )

test('the same call with the same result is hinted at from the third time, and stopped at the sixth', () => {
  const history = repeated(6, n => ({ text: `no rule\n[exit 2, 0.${n}s]` }))
  expect(hinted(history)).toEqual([undefined, undefined, '3', '4', '5', '6'])
  expect(repeatsIn(history).count).toBe(6)
  expect(isStuck(repeatsIn(history.slice(0, -2)))).toBe(false)
  expect(isStuck(repeatsIn(history))).toBe(true)
  expect(stuckMessage(repeatsIn(history))).toMatch(
    /^The agent made the same call 6 times in a row.*\(bash: make\).*say in the thread/,
  )
})

test('other arguments, another result or another tool make it another call', () => {
  expect(repeatsIn(repeated(4, n => ({ args: { command: `make ${n}` }, text: FAILED }))).count).toBe(1)
  expect(repeatsIn(repeated(4, n => ({ text: `${n}\n[exit 2, 0.1s]` }))).count).toBe(1)
  expect(repeatsIn(repeated(4, n => ({ name: n % 2 ? 'bash' : 'search', text: FAILED }))).count).toBe(1)
})

test('several of them in one reply count one by one', () => {
  const [reply, results] = exchange(...Array.from({ length: 4 }, () => ({ text: FAILED })))
  const told = withHints([task, reply], results)
  expect(hinted([told])).toEqual([undefined, undefined, '3', '4'])
  expect(repeatsIn([task, reply, told]).count).toBe(4)
})

test('another call in between, or words of somebody, begin the count anew', () => {
  const same = repeated(3, () => ({ text: FAILED }))
  const other = exchange({ name: 'read_file', args: { path: 'Makefile' }, text: 'all:' })
  const again = exchange({ text: FAILED })
  expect(repeatsIn([...same, ...other, ...again]).count).toBe(1)
  expect(repeatsIn([...same, { role: 'user', text: 'Try make all.' }, ...again]).count).toBe(1)
})

test('what was interrupted does not count, as nobody knows what came of it', () => {
  const history = repeated(8, () => ({ text: INTERRUPTED_RESULT }))
  expect(hinted(history)).toEqual(Array(8).fill(undefined))
  expect(repeatsIn(history).count).toBe(0)
})
