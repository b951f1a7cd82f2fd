import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type Docker from 'dockerode'
import { expect, test } from 'vitest'
import { createOptions, defaultSandboxLimits } from '../../../../services/worker/sandbox/create-options.ts'
import { assertHardened, NotHardened } from '../../../../services/worker/sandbox/hardened.ts'
import { createSandbox } from '../../../../services/worker/sandbox/sandbox.ts'
import type { SandboxSpec } from '../../../../services/worker/sandbox/types.ts'
import { docker, sandboxImage } from '../../../support/servers.ts'
import { bash, freshSandbox, runTurns, silentLog, startTask } from '../runner-link/task-in-container.ts'

const specFor = (taskId: string = randomUUID(), epoch = 1): SandboxSpec => ({
  taskId,
  epoch,
  worker: 'worker-1',
  limits: defaultSandboxLimits(),
})
const never = new AbortController().signal

test('from inside there is no network, no capability, no way to more rights, and nothing to write but tmpfs', async () => {
  const [texts] = await runTurns({
    turns: [
      [
        bash('grep -E "^(Uid|Gid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status'),
        bash(
          'tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | tail -n +2; getent hosts example.com; curl -sm 2 http://1.1.1.1; echo $?',
        ),
        bash('for d in / /etc /opt/slipway /usr/local/bin /home/agent /var /dev; do touch $d/x 2>&1; done'),
        bash('unshare -U true; mount -t tmpfs none /mnt; chroot / true; nice -n -5 true; mknod /tmp/d b 8 0'),
        bash(
          'find / -xdev -perm /6000 -type f 2>/dev/null; ls /var/run/docker.sock /run/docker.sock 2>&1; ls -d /host* 2>/dev/null',
        ),
        bash('grep -E " (/workspace|/tmp|/run/slipway) " /proc/mounts; ulimit -c; ulimit -n'),
        bash('cat /proc/sys/kernel/hostname; ls /dev | tr "\\n" " "'),
      ],
    ],
  })
  const [rights, network, writes, escapes, leftovers, mounts, devices] = texts as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  expect(rights).toMatch(/Uid:\t1000\t1000\t1000\t1000\nGid:\t1000/)
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    expect(rights).toContain(`${set}:\t0000000000000000`)
  expect(rights).toContain('NoNewPrivs:\t1')
  expect(rights).toContain('Seccomp:\t2')
  expect(network).toMatch(/^ *lo\n7\n\[exit 0/)
  expect(writes.match(/Read-only file system|Permission denied/g)).toHaveLength(7)
  expect(
    escapes.match(/Operation not permitted|Permission denied|must be superuser|only root/gi)!.length,
  ).toBeGreaterThanOrEqual(5)
  expect(leftovers).toMatch(/^(ls: cannot access '\/(var\/)?run\/docker\.sock': No such file or directory\n){2}\[exit/)
  for (const line of mounts.split('\n').slice(0, 3)) expect(line).toMatch(/nosuid.*nodev/)
  expect(mounts).toMatch(/\n0\n4096\n/)
  expect(devices).toMatch(
    /^sandbox\n(core )?fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero \n/,
  )
})

test('no secret of the worker is in the environment, the files or the process list', async () => {
  const canary = `canary-${randomUUID()}`
  process.env.ANTHROPIC_API_KEY = canary
  try {
    const [texts] = await runTurns({
      turns: [
        [
          bash('env; tr "\\0" "\\n" < /proc/1/environ; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n"'),
          bash(`grep -rsl '${canary}' / --exclude-dir=proc --exclude-dir=sys; echo searched`),
        ],
      ],
    })
    const [everything, found] = texts as [string, string]
    expect(everything).toContain('HOME=/tmp/home')
    expect(everything.replaceAll(`grep -rsl '${canary}'`, '')).not.toMatch(
      /canary|KEY=|TOKEN|DATABASE_URL|REDIS_URL|postgres:|redis:|SECRET/,
    )
    expect(found).toMatch(/^searched\n/)
  } finally {
    delete process.env.ANTHROPIC_API_KEY
  }
})

test('a container that lacks any of its protections is refused', async () => {
  const engine = docker()
  const imageId = (await engine.getImage(sandboxImage()).inspect()).Id
  const spec = specFor()
  const made = await engine.createContainer(createOptions(spec, { installation: `test-${randomUUID()}`, imageId }))
  try {
    const info = await made.inspect()
    const expected = { spec, imageId }
    assertHardened(info, expected)

    type Host = Docker.HostConfig
    const host = (change: Partial<Host>) => ({ ...info, HostConfig: { ...info.HostConfig, ...change } })
    const weaker: [string, Docker.ContainerInspectInfo][] = [
      ['read-only root', host({ ReadonlyRootfs: false })],
      ['all capabilities dropped', host({ CapDrop: null })],
      ['no capability added', host({ CapAdd: ['NET_ADMIN'] })],
      ['not privileged', host({ Privileged: true })],
      ['no new privileges', host({ SecurityOpt: [] })],
      ['default seccomp', host({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] })],
      ['default apparmor', host({ SecurityOpt: ['no-new-privileges', 'apparmor=unconfined'] })],
      ['masked paths', host({ MaskedPaths: [] })],
      ['no network', host({ NetworkMode: 'bridge' })],
      ['no published port', host({ PortBindings: { '80/tcp': [{ HostPort: '80' }] } })],
      ['private ipc', host({ IpcMode: 'host' })],
      ['own pid namespace', host({ PidMode: 'host' })],
      ['own host name', host({ UTSMode: 'host' })],
      ['user namespace', host({ UsernsMode: 'host' })],
      ['init', host({ Init: false })],
      ['memory', host({ Memory: 0 })],
      ['no swap', host({ MemorySwap: -1 })],
      ['out-of-memory killer', host({ OomKillDisable: true })],
      ['cpus', host({ NanoCpus: 0 })],
      ['pids', host({ PidsLimit: 0 })],
      ['open files', host({ Ulimits: [] })],
      ['no host mount', host({ Binds: ['/:/host'] })],
      ['no host mount', { ...info, Mounts: [{ Type: 'bind', Source: '/', Destination: '/host' }] as never }],
      ['no device', host({ Devices: [{ PathOnHost: '/dev/sda' }] })],
      ['no log', host({ LogConfig: { Type: 'json-file', Config: {} } })],
      ['/workspace sized, nosuid, nodev', host({ Tmpfs: { ...info.HostConfig.Tmpfs, '/workspace': 'rw' } })],
      ['no other tmpfs', host({ Tmpfs: { ...info.HostConfig.Tmpfs, '/etc': 'rw' } })],
      ['user', { ...info, Config: { ...info.Config, User: '' } }],
      ['ends with its stream', { ...info, Config: { ...info.Config, StdinOnce: false } }],
      ['image', { ...info, Image: 'sha256:other' }],
    ]
    for (const [fault, inspected] of weaker) {
      expect(() => assertHardened(inspected, expected), fault).toThrow(NotHardened)
      expect(() => assertHardened(inspected, expected), fault).toThrow(fault)
    }
    expect(() => assertHardened(info, { ...expected, runtime: 'runsc' })).toThrow('runtime')
  } finally {
    await made.remove({ force: true })
  }
})

test('an engine that ignores a protection starts nothing, and nothing is left', async () => {
  const engine = docker()
  // What stands between drops a setting, as an old engine or a proxy might.
  const careless = new Proxy(engine, {
    get: (target, key) => {
      if (key !== 'createContainer') {
        const value = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return (options: Docker.ContainerCreateOptions) =>
        target.createContainer({ ...options, HostConfig: { ...options.HostConfig, ReadonlyRootfs: false } })
    },
  })
  const sandbox = createSandbox({
    docker: careless,
    image: sandboxImage(),
    installation: `test-${randomUUID()}`,
    log: silentLog,
  })
  await expect(sandbox.start(specFor(), never)).rejects.toThrow(/not hardened: read-only root$/)
  expect(await sandbox.list()).toEqual([])
})

test('a container ends by itself when the stream of its worker closes', async () => {
  const sandbox = freshSandbox()
  const container = await sandbox.start(specFor(), never)
  container.stdin.destroy()
  expect(await container.exited).toEqual({ code: 0, oomKilled: false })
  expect((await sandbox.list()).map(({ running }) => running)).toEqual([false])
})

test('also while a command runs in it', async () => {
  const task = await startTask({ turns: [[bash('echo busy; sleep 300', 400)]] })
  await expect.poll(() => task.output()).toBe('busy\n')
  task.container.stdin.destroy()
  expect(await task.container.exited).toEqual({ code: 0, oomKilled: false })
  await expect(task.runner.finished).rejects.toThrow('the runner ended with code 0')
})

test('a container tells of whom it is, and is removed once and for all', async () => {
  const sandbox = freshSandbox()
  const spec = specFor(randomUUID(), 7)
  const container = await sandbox.start(spec, never)
  const output = text(container.stdout)
  expect(await sandbox.list()).toEqual([
    { id: container.id, taskId: spec.taskId, epoch: 7, worker: 'worker-1', startedAt: expect.any(Date), running: true },
  ])
  await Promise.all([container.remove(), container.remove(), sandbox.remove(container.id)])
  await sandbox.remove(container.id)
  expect(await sandbox.list()).toEqual([])
  expect(await output).toBe('')
  expect(await container.exited).toBeDefined()
})

test('reaping removes only what is not live, of its own installation', async () => {
  const [ours, theirs] = [freshSandbox(), freshSandbox()]
  const [live, old, other] = [specFor(randomUUID(), 3), specFor(randomUUID(), 2), specFor()]
  const kept = await ours.start(live, never)
  await ours.start(old, never)
  await theirs.start(other, never)
  const reaped = await ours.reap((taskId, epoch) => taskId === live.taskId && epoch === 3)
  expect(reaped.map(({ taskId, epoch }) => [taskId, epoch])).toEqual([[old.taskId, 2]])
  expect((await ours.list()).map(({ id }) => id)).toEqual([kept.id])
  expect(await theirs.list()).toHaveLength(1)
})

test('nothing is reaped when the database cannot be read', async () => {
  const sandbox = freshSandbox()
  await sandbox.start(specFor(), never)
  await expect(
    sandbox.reap(async () => {
      throw new Error('connection refused')
    }),
  ).rejects.toThrow('connection refused')
  expect(await sandbox.list()).toHaveLength(1)
})

test('a start that is aborted leaves nothing', async () => {
  const sandbox = freshSandbox()
  const abort = new AbortController()
  const starting = sandbox.start(specFor(), abort.signal)
  abort.abort(new Error('cancelled'))
  await expect(starting).rejects.toThrow('cancelled')
  expect(await sandbox.list()).toEqual([])
})

test('an image that is not there is told', async () => {
  const sandbox = createSandbox({
    docker: docker(),
    image: 'slipway-sandbox:none',
    installation: 'test',
    log: silentLog,
  })
  await expect(sandbox.start(specFor(), never)).rejects.toThrow(/[Nn]o such image/)
})
