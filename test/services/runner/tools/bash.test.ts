import { expect, test } from 'vitest'
import { createTools } from '../../../../services/runner/tools/index.ts'
import { commandsIn, openedWorkspace, toolsOver } from '../support.ts'

test('the result is the output as it came and how it ended', async () => {
  const { call } = await toolsOver({ 'a.txt': 'hello\n' })
  expect(await call('bash', { command: 'cat a.txt; echo oops >&2; printf end; exit 3' })).toMatch(
    /^hello\noops\nend\n\[exit 3, \d+\.\ds\]$/,
  )
  expect(await call('bash', { command: 'true' })).toMatch(/^\[exit 0, \d+\.\ds\]$/)
  expect(await call('bash', { command: 'kill -SEGV $$' })).toMatch(/\[exit 139, \d+\.\ds\]$/)
})

test('a command has no standard input, a folder of its own and quoting as it was written', async () => {
  const { call, root } = await toolsOver()
  expect(await call('bash', { command: `cat; pwd; echo "it's $((1+1))"` })).toMatch(`${root}\nit's 2\n[exit 0`)
})

test('a command that takes too long is asked to end, then ended', async () => {
  const { call } = await toolsOver()
  const asked = await call('bash', {
    command: 'trap "echo bye; exit 0" TERM; echo hi; sleep 60 & wait',
    timeoutSeconds: 0.5,
  })
  expect(asked).toBe('hi\nbye\n[timed out after 0.5s]')
})

test('a command that ignores SIGTERM is killed after the grace', async () => {
  const { root, workspace } = await openedWorkspace()
  const runTool = createTools({ root, git: workspace.git, runCommand: commandsIn(root, { graceMs: 300 }) })
  const { text } = await runTool({
    name: 'bash',
    args: { command: 'trap "" TERM; while :; do sleep 1; done', timeoutSeconds: 0.3 },
  })
  expect(text).toBe('[timed out after 0.3s]')
})

test('what a command leaves running is killed and named', async () => {
  const { call } = await toolsOver()
  const text = await call('bash', { command: 'sleep 1234 & setsid sleep 1235 & sleep 0.2; echo started' })
  expect(text).toMatch(/^started\n\[killed 2 processes left running: sleep \(2\)\]\n\[exit 0/)
})

test('a long output keeps head and tail', async () => {
  const { call } = await toolsOver()
  const text = await call('bash', { command: 'seq 100000' })
  expect(text).toMatch(/^1\n2\n/)
  expect(text).toMatch(/\n\[… 326,751 bytes left out …\]\n/)
  expect(text).toMatch(/\n99999\n100000\n\[exit 0/)
})

test('a command that never stops printing is killed', async () => {
  const { root, workspace } = await openedWorkspace()
  const runTool = createTools({ root, git: workspace.git, runCommand: commandsIn(root, { capBytes: 1_000_000 }) })
  const { text } = await runTool({ name: 'bash', args: { command: 'yes' } })
  expect(text).toMatch(/\n\[killed: more than 50 MB of output\]$/)
  expect(text.length).toBeLessThan(270_000)
})

test('memory that ran out is told, whether the command died of it or not', async () => {
  const { root, workspace } = await openedWorkspace()
  let kills = 0
  const runCommand = commandsIn(root, { readOomKills: async () => kills++ })
  const runTool = createTools({ root, git: workspace.git, runCommand })
  expect((await runTool({ name: 'bash', args: { command: 'echo x; kill -KILL $$' } })).text).toBe(
    'x\n[killed: out of memory]',
  )
  expect((await runTool({ name: 'bash', args: { command: 'echo x' } })).text).toMatch(
    /^x\n\[a process of this command was killed: out of memory\]\n\[exit 0/,
  )
})

test('output is passed on while the command runs', async () => {
  const { root, workspace } = await openedWorkspace()
  const runTool = createTools({ root, git: workspace.git, runCommand: commandsIn(root) })
  let heard = ''
  await runTool({ name: 'bash', args: { command: 'echo live' } }, chunk => {
    heard += chunk
  })
  expect(heard).toBe('live\n')
})

test('a command longer than the system takes is refused with advice', async () => {
  const { call } = await toolsOver()
  expect(await call('bash', { command: `: ${'ü'.repeat(90_000)}` })).toMatch(
    /^Error: the command is too long\. Write it to a file/,
  )
})
