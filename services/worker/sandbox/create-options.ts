import type { ContainerCreateOptions } from 'dockerode'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { toLabels } from './labels.ts'
import type { SandboxLimits, SandboxSpec } from './types.ts'

const SHM_BYTES = 64 * 1024 * 1024
/** The user that the image's `agent` is, written as numbers so that no passwd file decides. */
export const SANDBOX_USER = '1000:1000'

/** The limits of a task's container; together its file systems stay well below its memory. */
export function defaultSandboxLimits(): SandboxLimits {
  const { memoryBytes, cpus, pids, workspaceBytes, workspaceInodes, tmpBytes, openFiles } = LIMITS.container
  return {
    memoryBytes,
    cpus,
    pids,
    workspaceBytes,
    workspaceInodes,
    stateBytes: workspaceBytes / 2,
    tmpBytes,
    openFiles,
  }
}

export type CreateOptionsDeps = {
  installation: string
  /** The image's id, not its name: what was checked is what runs. */
  imageId: string
  runtime?: string | undefined
}

/**
 * The one form in which a container is made: not root, nothing writable but sized tmpfs, no capability, no way to
 * new privileges, no network, nothing of the host mounted. It ends when the attached stream does.
 */
export function createOptions(
  spec: SandboxSpec,
  { installation, imageId, runtime }: CreateOptionsDeps,
): ContainerCreateOptions {
  const { limits } = spec
  const owned = 'uid=1000,gid=1000'
  const inodes = `nr_inodes=${limits.workspaceInodes}`
  return {
    Image: imageId,
    User: SANDBOX_USER,
    WorkingDir: '/workspace',
    Labels: toLabels(installation, spec),
    Hostname: 'sandbox',
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      NetworkMode: spec.network ?? 'none',
      IpcMode: 'private',
      PidMode: '',
      Init: true,
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      ShmSize: SHM_BYTES,
      OomKillDisable: false,
      Ulimits: [
        { Name: 'nofile', Soft: limits.openFiles, Hard: limits.openFiles },
        { Name: 'fsize', Soft: limits.workspaceBytes, Hard: limits.workspaceBytes },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      Tmpfs: {
        '/workspace': `rw,exec,nosuid,nodev,size=${limits.workspaceBytes},${inodes},mode=0755,${owned}`,
        '/run/slipway': `rw,noexec,nosuid,nodev,size=${limits.stateBytes},${inodes},mode=0700,${owned}`,
        '/tmp': `rw,exec,nosuid,nodev,size=${limits.tmpBytes},${inodes},mode=1777`,
      },
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      ...(runtime && { Runtime: runtime }),
    },
  }
}
