import { expect, test } from 'vitest'
import type { Exec } from '../../../../services/worker/runner-link/types.ts'
import { bash, startTask } from './task-in-container.ts'

const files = { 'a.txt': 'hello\n', 'src/b.txt': 'deep\n' }

test('a run that may only look has no tool that changes the work tree, and saves nothing', async () => {
  let left = ''
  const beforeStop = async (exec: Exec) => {
    const tries = [
      'echo forged > a.txt',
      'touch src/new.txt',
      'rm -rf src',
      'git commit --allow-empty -m forged',
      'git add -A',
    ]
    for (const command of tries) {
      const { exitCode } = await exec(command, { timeoutSeconds: 20 })
      expect({ command, exitCode }).not.toMatchObject({ exitCode: 0 })
    }
    left = (await exec('cat a.txt src/b.txt && git status --short && git log --format=%s', { timeoutSeconds: 20 }))
      .output
  }
  const task = await startTask({
    files,
    readOnly: true,
    beforeStop,
    turns: [
      [
        bash('echo forged > a.txt'),
        { name: 'write_file', args: { path: 'a.txt', content: 'forged' } },
        { name: 'edit_file', args: { path: 'a.txt', oldText: 'hello', newText: 'forged' } },
        { name: 'read_file', args: { path: 'a.txt' } },
        { name: 'list_files', args: {} },
        { name: 'search', args: { pattern: 'dee.' } },
      ],
    ],
  })
  await task.runner.finished
  expect(left).toBe('hello\ndeep\nBase\n')
  await task.runner.close()
  const [results] = task.texts()
  for (const text of results!.slice(0, 3)) expect(text).toMatch(/^Error: \w+ is not available here/)
  expect(results!.slice(3)).toEqual(['hello', 'a.txt\nsrc/b.txt', 'src/b.txt:1:deep'])
  expect(task.requests.some(({ checkpoint }) => checkpoint)).toBe(false)
})
