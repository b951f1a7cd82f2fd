import { expect, test } from 'vitest'
import { RunnerLost, RunnerViolation } from '../../../../services/worker/runner-link/errors.ts'
import { bash, runTurns, startTask, type TaskOptions } from './task-in-container.ts'

const MIB = 1024 * 1024

/** The runner's pid, found the way an agent would. */
const RUNNER = '$(pgrep -x MainThread | head -1)'

/** Runs the abuse in the first turn, then an honest command, and gives both texts: the runner must go on serving. */
async function abuse(call: ReturnType<typeof bash>, options: TaskOptions = {}): Promise<string> {
  const task = await startTask({
    ...options,
    turns: [[call], [bash(`echo still here; ps -eo comm= | grep -vxE 'docker-init|MainThread|ps|bash|grep'`)]],
  })
  await task.runner.finished
  const [[text], [after]] = task.texts() as [[string], [string]]
  expect(after).toMatch(/^still here\n\[exit 1, /)
  await task.runner.close()
  expect(await task.sandbox.list()).toEqual([])
  return text
}

test('a fork bomb ends within its limit', async () => {
  const text = await abuse(bash('bomb() { bomb | bomb & }; bomb; sleep 2; echo over'))
  expect(text).toMatch(/\[killed \d+ processes left running: bash[^\]]*\]|Resource temporarily unavailable|timed out/)
})

test('a fork bomb that never ends is timed out', async () => {
  const text = await abuse(bash('bomb() { while :; do bomb & done; }; bomb', 2))
  expect(text).toMatch(/\[timed out after 2s\]$/)
})

test('a memory hog is killed, not the runner', async () => {
  const hog = 'let all = []; for (;;) all.push(Buffer.alloc(16 * 1024 * 1024, 1))'
  const text = await abuse(bash(`node -e '${hog}'`), { limits: { memoryBytes: 512 * MIB } })
  expect(text).toMatch(/\[killed: out of memory\]$/)
})

test('many memory hogs, each smaller than the runner, do not take the runner with them', async () => {
  const text = await abuse(
    bash('for i in $(seq 40); do (x=$(head -c 16M /dev/zero | tr "\\0" x); sleep 1) & done; wait; echo over'),
    { limits: { memoryBytes: 256 * MIB } },
  )
  expect(text).toMatch(/over\n\[a process of this command was killed: out of memory\]\n\[exit 0, /)
})

test('a memory hog behind a pipe is told too', async () => {
  const text = await abuse(bash('tail /dev/zero | cat; echo went on'), { limits: { memoryBytes: 512 * MIB } })
  expect(text).toMatch(/went on\n\[a process of this command was killed: out of memory\]\n\[exit 0, /)
})

test('a disk filler gets no space, and the work goes on when it has cleaned up', async () => {
  const limits = { workspaceBytes: 64 * MIB, stateBytes: 64 * MIB, memoryBytes: 1024 * MIB }
  const texts = await runTurns({
    limits,
    turns: [
      [
        bash('head -c 100M /dev/urandom > fill; ls -s fill'),
        { name: 'write_file', args: { path: 'b.txt', content: 'b'.repeat(1_000_000) } },
      ],
      [bash('rm fill; echo freed')],
      [{ name: 'write_file', args: { path: 'b.txt', content: 'b' } }],
    ],
  })
  expect(texts[0]![0]).toMatch(/No space left on device/)
  expect(texts[0]![1]).toMatch(/^Error: there is no space left in the work tree\. Delete files/)
  expect(texts[0]![1]).toMatch(/\n\[(the work tree could not be|not) saved: /)
  expect(texts[1]![0]).toMatch(/^freed\n\[exit 0, \d+\.\ds\]$/)
  expect(texts[2]![0]).toBe('Wrote 1 byte to b.txt.')
})

test('an inode filler is told, and the work goes on', async () => {
  const texts = await runTurns({
    limits: { workspaceInodes: 3_000 },
    turns: [
      [bash('for i in $(seq 5000); do : > f$i || break; done; rm -f f*; echo cleaned')],
      [{ name: 'list_files', args: {} }],
    ],
  })
  expect(texts[0]![0]).toMatch(/No space left on device\ncleaned/)
  expect(texts[1]![0]).toBe('a.txt')
})

test('endless output is cut and ended', async () => {
  const text = await abuse(bash('yes'))
  expect(text).toMatch(/\n\[killed: more than 50 MB of output\]$/)
  expect(text.length).toBeLessThan(270_000)
})

test('a hung command that ignores SIGTERM is killed', async () => {
  const text = await abuse(bash("trap '' TERM INT HUP; while :; do sleep 100; done", 1))
  expect(text).toBe('[timed out after 1s]')
})

test('a process left behind in a session of its own is killed and named', async () => {
  const text = await abuse(
    bash('(setsid nohup sleep 1000 >/dev/null 2>&1 &); (exec -a innocent sleep 1001 &) ; sleep 0.3; echo started'),
  )
  expect(text).toMatch(/^started\n\[killed 2 processes left running: (sleep, innocent|innocent, sleep)\]\n\[exit 0, /)
})

test('a stopped process that holds the output open is not waited for', async () => {
  const text = await abuse(bash('sleep 1000 & kill -STOP $!; echo done'))
  expect(text).toMatch(/^done\n\[killed 1 process left running: (sleep|bash)\]\n\[exit 0/)
})

test('without .git, with a mode that locks everybody out, checkpoints go on', async () => {
  const task = await startTask({ turns: [[bash('rm -rf .git; echo b > b.txt; chmod 000 .')], [bash('cat b.txt')]] })
  await task.runner.finished
  expect(task.texts()[1]![0]).toMatch(/^b\n/)
  expect(await task.base.git('ls-tree', '--name-only', 'taken')).toBe('a.txt\nb.txt')
})

test('a huge file is left out of the checkpoint, and the agent is told', async () => {
  const task = await startTask({ turns: [[bash('truncate -s 300M huge.bin; echo small > small.txt')]] })
  await task.runner.finished
  expect(task.texts()[0]![0]).toMatch(/\n\[not saved: huge\.bin is 300 MB, more than 64 MB\]$/)
  expect(await task.base.git('ls-tree', '--name-only', 'taken')).toBe('a.txt\nsmall.txt')
})

test('a link out of the work tree leads no tool outside', async () => {
  const [texts] = await runTurns({
    turns: [
      [
        bash('ln -s /etc/passwd p; ln -s /run/slipway s'),
        { name: 'read_file', args: { path: 'p' } },
        { name: 'write_file', args: { path: 's/git/config', content: 'x' } },
      ],
    ],
  })
  expect(texts![1]).toMatch(/^Error: p is outside of the work tree/)
  expect(texts![2]).toMatch(/^Error: s\/git\/config is outside of the work tree/)
})

test("the runner's own repository destroyed is a problem that is told, not a hang", async () => {
  const task = await startTask({ turns: [[bash('rm -rf /run/slipway/*; echo x > x.txt')]] })
  await task.runner.finished
  expect(task.requests[1]!.problem).toMatch(/not a git repository|cannot|unable/)
  expect(task.requests[1]!.checkpoint).toBeUndefined()
  expect(task.texts()[0]![0]).toMatch(/\[the work tree could not be saved: /)
})

test.each([
  ['kills the runner', `kill -9 ${RUNNER}`, {}],
  ['kills everything', 'kill -9 -1', {}],
  ['kills init', 'kill -9 1; kill -TERM 1; sleep 60', {}],
  ['stops the runner', `kill -STOP ${RUNNER}; sleep 300`, { silence: 2_000 }],
])('an agent that %s loses its container, which is told and removed', async (_, command, deadlines) => {
  const task = await startTask({ turns: [[bash(command, 30)]], deadlines })
  const error = await task.runner.finished.catch(reason => reason)
  expect(error).toBeInstanceOf(RunnerLost)
  expect(error.reason).toBe('silence' in deadlines ? 'deadline' : 'exited')
  expect(error.oomKilled).toBe(false)
  expect(await task.sandbox.list()).toEqual([])
})

/** Writes a frame on the runner's standard output, as a command of the agent can. */
const forge = (message: object, sequence: number) => {
  const body = Buffer.from(JSON.stringify(message))
  const header = Buffer.alloc(9)
  header.writeUInt32BE(body.length)
  header.writeUInt32BE(sequence, 5)
  const hex = Buffer.concat([header, body]).toString('hex').replace(/../g, '\\x$&')
  return bash(`printf '${hex}' > /proc/${RUNNER}/fd/1; sleep 1`)
}

test('a forged frame out of order is a violation', async () => {
  const task = await startTask({ turns: [[forge({ type: 'next', id: 1, iteration: 1 }, 99)]] })
  await expect(task.runner.finished).rejects.toThrow(RunnerViolation)
  expect(task.requests).toHaveLength(1)
  expect(await task.sandbox.list()).toEqual([])
})

test('text on the stream of the runner, through init too, is a violation', async () => {
  const task = await startTask({ turns: [[bash('echo hello > /proc/1/fd/1; sleep 1')]] })
  await expect(task.runner.finished).rejects.toThrow(RunnerViolation)
})

// opened, next: the runner has sent 0 and 1, so 2 is the next in order.
test.each([
  ['asks for the next turn before its calls are done', { type: 'next', id: 1, iteration: 1 }, /outcomes are missing/],
  ['gives the outcome of another call', { type: 'result', index: 1, id: 'call-0-1', text: 'ok', ms: 1 }, /was due/],
  ['sends what no runner says', { type: 'grant', tools: ['parallel'] }, /unknown message/],
])('a forged frame in order that %s is a violation', async (_, message, reason) => {
  const task = await startTask({ turns: [[forge(message, 2), bash('echo second')]] })
  const error = await task.runner.finished.catch(caught => caught)
  expect(error).toBeInstanceOf(RunnerViolation)
  expect(error.message).toMatch(reason)
  expect(task.requests).toHaveLength(1)
  expect(await task.sandbox.list()).toEqual([])
})

test('a forged outcome that is due counts as the outcome of that call alone, and what follows is a violation', async () => {
  const task = await startTask({
    turns: [[forge({ type: 'result', index: 0, id: 'call-0-0', text: 'forged', ms: 1 }, 2)]],
  })
  await expect(task.runner.finished).rejects.toThrow(RunnerViolation)
  expect(task.requests).toHaveLength(1)
})

test("a flood on the runner's stream and its diagnostics does not reach the worker's memory", async () => {
  const before = process.memoryUsage().rss
  const task = await startTask({ turns: [[bash(`timeout 3 cat /dev/zero > /proc/${RUNNER}/fd/2; echo survived`)]] })
  await task.runner.finished
  expect(task.texts()[0]![0]).toMatch(/^survived\n/)
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB)
})
