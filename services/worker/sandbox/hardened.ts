import type { ContainerInspectInfo } from 'dockerode'
import { SANDBOX_USER } from './create-options.ts'
import type { SandboxSpec } from './types.ts'

/** A container does not have the protection that it must have. `faults` names each one that is missing. */
export class NotHardened extends Error {
  override name = 'NotHardened'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`the container is not hardened: ${faults.join('; ')}`)
    this.faults = faults
  }
}

export type Expected = { spec: Pick<SandboxSpec, 'limits' | 'network'>; imageId: string; runtime?: string | undefined }

/**
 * Checks what the engine says is in force for a container against what was asked: an engine (or something between) that
 * ignored a setting is found out before the container starts.
 * @throws NotHardened
 */
export function assertHardened(info: ContainerInspectInfo, { spec, imageId, runtime }: Expected): void {
  const { HostConfig: host, Config: config } = info
  const { limits } = spec
  const faults: string[] = []
  const must = (name: string, holds: boolean) => {
    if (!holds) faults.push(name)
  }
  const none = (list: unknown) => list === undefined || list === null || (Array.isArray(list) && list.length === 0)
  const drops = (host.CapDrop as string[] | null) ?? []
  const options = (host.SecurityOpt as string[] | null) ?? []
  const tmpfs = host.Tmpfs ?? {}
  const ulimit = (name: string) => host.Ulimits?.find(limit => limit.Name === name)

  must('image', info.Image === imageId)
  must('user', config.User === SANDBOX_USER)
  must('read-only root', host.ReadonlyRootfs === true)
  must('all capabilities dropped', drops.includes('ALL'))
  must('no capability added', none(host.CapAdd))
  must('not privileged', host.Privileged === false)
  must(
    'no new privileges',
    options.some(option => /^no-new-privileges(:true|=true)?$/.test(option)),
  )
  must('default seccomp', !options.some(option => /^seccomp/.test(option)))
  must('default apparmor', !options.some(option => /^apparmor[:=]unconfined/.test(option)))
  must('masked paths', !none(host.MaskedPaths) && !none(host.ReadonlyPaths))
  must('no network', host.NetworkMode === (spec.network ?? 'none'))
  must('no published port', !host.PublishAllPorts && Object.keys(host.PortBindings ?? {}).length === 0)
  must('private ipc', host.IpcMode === 'private')
  must('own pid namespace', !host.PidMode)
  must('own host name', !host.UTSMode)
  must('user namespace', host.UsernsMode !== 'host')
  must('init', host.Init === true)
  must('memory', host.Memory === limits.memoryBytes)
  must('no swap', host.MemorySwap === limits.memoryBytes)
  must('out-of-memory killer', host.OomKillDisable !== true)
  must('cpus', host.NanoCpus === Math.round(limits.cpus * 1e9))
  must('pids', host.PidsLimit === limits.pids)
  must('open files', ulimit('nofile')?.Hard === limits.openFiles)
  must('file size', ulimit('fsize')?.Hard === limits.workspaceBytes)
  must('no core dumps', ulimit('core')?.Hard === 0)
  must('no host mount', none(host.Binds) && none(host.Mounts) && none(host.VolumesFrom) && none(info.Mounts))
  must('no device', none(host.Devices) && none(host.DeviceRequests) && none(host.DeviceCgroupRules))
  must('no log', host.LogConfig?.Type === 'none')
  for (const [path, bytes] of [
    ['/workspace', limits.workspaceBytes],
    ['/run/slipway', limits.stateBytes],
    ['/tmp', limits.tmpBytes],
  ] as const) {
    const mount = (tmpfs[path] ?? '').split(',')
    must(
      `${path} sized, nosuid, nodev`,
      [`size=${bytes}`, 'nosuid', 'nodev'].every(option => mount.includes(option)),
    )
  }
  must('no other tmpfs', Object.keys(tmpfs).length === 3)
  must('ends with its stream', config.OpenStdin === true && config.StdinOnce === true)
  must('runtime', runtime === undefined || host.Runtime === runtime)
  if (faults.length > 0) throw new NotHardened(faults)
}
