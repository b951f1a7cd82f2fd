import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { defaultSandboxLimits } from '../../../../services/worker/sandbox/create-options.ts'
import { BEGUN } from '../../../support/runbook.ts'
import { bash, freshSandbox, startTask } from '../runner-link/task-in-container.ts'

const never = new AbortController().signal
const spec = { taskId: randomUUID(), epoch: 1, worker: 'worker-1', limits: defaultSandboxLimits() }
const program = (command: string, ...args: string[]) => ({ command, args, env: {} })

test('a process in a container has streams, arguments and an environment of its own', async () => {
  const container = await freshSandbox().start(spec, never)
  const process = await container.startProcess(
    {
      command: 'sh',
      args: ['-c', 'echo "$1 $COLOUR $PWD"; cat; echo oops >&2', 'sh', "it's $HOME"],
      env: { COLOUR: 'dark blue' },
    },
    never,
  )
  process.stdin.end('said\n')
  const [out, err] = await Promise.all([text(process.stdout), text(process.stderr)])
  expect([out, err]).toEqual(["it's $HOME dark blue /workspace\nsaid\n", 'oops\n'])
  await process.stop()
})

test('one that is stopped is gone, also when it hears nothing; the container goes on', async () => {
  const container = await freshSandbox().start(spec, never)
  const deaf = await container.startProcess(
    program('bash', '-c', 'trap "" TERM HUP INT; echo up; while :; do sleep 0.05; done'),
    never,
  )
  deaf.stderr.resume()
  await expect.poll(() => deaf.stdout.read()?.toString()).toBe('up\n')
  await deaf.stop()
  await deaf.stop()
  await expect
    .poll(async () => {
      const list = await container.startProcess(program('pgrep', '-c', '-f', 'trap'), never)
      list.stderr.resume()
      return text(list.stdout)
    })
    .toBe('0\n')
})

test('it ends with its container, and none starts in one that is gone', async () => {
  const container = await freshSandbox().start(spec, never)
  const process = await container.startProcess(program('sleep', '1000'), never)
  process.stderr.resume()
  const ended = text(process.stdout)
  await container.remove()
  expect(await ended).toBe('')
  await process.stop()
  await expect(container.startProcess(program('true'), never)).rejects.toThrow()
})

test('a program that is not there says so', async () => {
  const container = await freshSandbox().start(spec, never)
  const process = await container.startProcess(program('/no/such/program'), never)
  const [out, err] = await Promise.all([text(process.stdout), text(process.stderr)])
  expect(out).toBe('')
  expect(err).toContain('/no/such/program')
})

test('it outlives commands, whose own leftovers do not, not even a fork bomb', async () => {
  const bomb = 'bomb() { bomb | bomb & }; bomb; sleep 1; echo lit'
  const started = Promise.withResolvers<void>()
  const task = await startTask({
    turns: [
      [{ name: 'wait', args: {}, where: 'worker' }, bash(`sleep 500 & ${BEGUN}; disown; echo one`)],
      [bash(bomb, 20)],
      // Not piped: a part of the pipe that is just being started is a bash as well.
      [bash('ps -eo comm= > /tmp/running; sort /tmp/running | uniq -c')],
    ],
    call: async () => {
      await started.promise
      return 'ready'
    },
  })
  const guest = await task.container.startProcess(program('sh', '-c', 'sleep 1234 & echo up; cat'), never)
  guest.stderr.resume()
  started.resolve()
  await task.runner.finished
  const [first, second, third] = task.texts()
  expect(first?.[1]).toMatch(/^one\n\[killed 1 process left running: sleep\]\n\[exit 0/)
  expect(second?.[0]).toMatch(/\[(exit|timed out|killed)[^\]]*\]$/)
  // The guest with its child, the command itself, and nobody else.
  expect(third?.[0]).toMatch(/ 1 sleep\n/)
  expect(third?.[0]).toMatch(/ 1 cat\n/)
  expect(third?.[0]).not.toMatch(/ [2-9]\d* bash\n/)
  let said = ''
  guest.stdout.on('data', chunk => {
    said += chunk
  })
  guest.stdin.write('still here\n')
  await expect.poll(() => said).toBe('up\nstill here\n')
})
