import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { RunnerLost } from '../../../../services/worker/runner-link/errors.ts'
import { bash, runTurns, startTask } from './task-in-container.ts'

test('a task runs its turns, and each checkpoint comes out', async () => {
  const task = await startTask({
    turns: [
      [{ name: 'write_file', args: { path: 'src/b.ts', content: 'let b = 1\n' } }, bash('cat a.txt src/b.ts')],
      [{ name: 'read_file', args: { path: 'a.txt' } }],
      [{ name: 'edit_file', args: { path: 'a.txt', oldText: 'hello', newText: 'goodbye' } }],
    ],
  })
  await task.runner.finished
  expect(task.runner.files).toBe(1)
  expect(task.texts()).toEqual([
    ['Wrote 10 bytes to src/b.ts.', expect.stringMatching(/^hello\nlet b = 1\n\[exit 0, \d+\.\ds\]$/)],
    ['hello'],
    ['Edited a.txt: 1 replacement.'],
  ])
  const [first, second, third, fourth] = task.requests
  expect(first).toEqual({ iteration: 0, results: [] })
  expect(second!.results[1]).toMatchObject({ index: 1, id: 'call-0-1', name: 'bash', exitCode: 0 })
  expect(second!.checkpoint!.parent).toBe(task.base.sha)
  expect(third!.checkpoint).toBeUndefined()
  expect(fourth!.checkpoint!.parent).toBe(second!.checkpoint!.sha)
  expect(await task.base.git('rev-parse', 'taken')).toBe(fourth!.checkpoint!.sha)
  expect(await task.base.git('show', 'taken:a.txt')).toBe('goodbye')
  await task.runner.close()
  expect(await task.sandbox.list()).toEqual([])
})

test('a call that the worker answers is asked for in its place and not believed to the runner', async () => {
  const asked: number[] = []
  const [texts] = await runTurns({
    turns: [[bash('echo one'), { name: 'ask_user', args: {}, where: 'worker' }, bash('echo two')]],
    call: async index => {
      asked.push(index)
      return 'blue'
    },
  })
  expect(asked).toEqual([1])
  expect(texts![1]).toBe('blue')
  expect(texts![2]).toMatch(/^two\n/)
})

test('bad calls are answered, and the loop goes on', async () => {
  const [texts, after] = await runTurns({
    turns: [
      [
        { name: 'bash', args: {} },
        { name: 'fly', args: { to: 'moon' } },
        { name: 'read_file', args: null },
      ],
      [bash('echo fine')],
    ],
  })
  expect(texts!.every(text => text.startsWith('Error: '))).toBe(true)
  expect(after![0]).toMatch(/^fine\n/)
})

test('large arguments and results cross in one piece', async () => {
  const content = 'Zeile mit ü und \u0001\n'.repeat(100_000)
  const [texts] = await runTurns({
    turns: [
      [
        { name: 'write_file', args: { path: 'big.txt', content } },
        { name: 'read_file', args: { path: 'big.txt' } },
        bash('md5sum < big.txt; wc -c big.txt'),
      ],
    ],
  })
  expect(texts![1]).toSatisfy((text: string) => text.startsWith(content.slice(0, 100).trimEnd()))
  expect(texts![2]).toContain(`${Buffer.byteLength(content)} big.txt`)
})

test('output is heard while a command runs', async () => {
  const task = await startTask({ turns: [[bash('echo early; sleep 0.5; echo late')]] })
  await task.runner.finished
  expect(task.output()).toBe('early\nlate\n')
})

test('commands of the worker run while the runner waits for a turn, and after the end', async () => {
  const during: unknown[] = []
  const task = await startTask({
    turns: [[bash('echo kept > kept.txt')]],
    beforeStop: async exec => {
      during.push(await exec('cat kept.txt; echo junk > junk.txt; exit 4', { timeoutSeconds: 20, keepChanges: false }))
    },
  })
  await task.runner.finished
  expect(during).toEqual([{ exitCode: 4, output: 'kept\n', ms: expect.any(Number), timedOut: false, oom: false }])
  expect(await task.runner.exec('ls', { timeoutSeconds: 20 })).toMatchObject({
    exitCode: 0,
    output: 'a.txt\nkept.txt\n',
  })
  expect(await task.runner.exec('sleep 60', { timeoutSeconds: 0.5 })).toMatchObject({ exitCode: 124, timedOut: true })
  const long = await task.runner.exec('seq 100000', { timeoutSeconds: 20, maxOutputBytes: 1_000 })
  expect(long.output).toMatch(/^1\n2\n[\s\S]*bytes left out[\s\S]*\n100000\n$/)
  expect(long.output.length).toBeLessThan(1_100)
})

test('an abort ends the runner in the middle of a call and removes the container', async () => {
  const abort = new AbortController()
  const task = await startTask({ turns: [[bash('echo under way; sleep 300', 400)]], signal: abort.signal })
  await expect.poll(() => task.output()).toBe('under way\n')
  abort.abort(new Error('cancelled by the user'))
  await expect(task.runner.finished).rejects.toThrow('cancelled by the user')
  await expect(task.runner.exec('ls', { timeoutSeconds: 5 })).rejects.toThrow('cancelled by the user')
  expect(await task.sandbox.list()).toEqual([])
})

test('a handler that throws ends the runner with its error', async () => {
  const task = await startTask({
    turns: [[{ name: 'consult', args: {}, where: 'worker' }]],
    call: async () => {
      throw new Error('fenced')
    },
  })
  await expect(task.runner.finished).rejects.toThrow('fenced')
  expect(await task.sandbox.list()).toEqual([])
})

test('a base that is no bundle is told', async () => {
  const broken = startTask({ bundle: () => Readable.from([Buffer.from('nonsense\n\n')]) })
  await expect(broken).rejects.toThrow(/the runner gave up: this is not a git bundle/)
  await expect(broken).rejects.toBeInstanceOf(RunnerLost)
})
