import { join } from 'node:path'
import type Docker from 'dockerode'
import { aptInstall } from './apt.ts'
import { noteDaemonUse } from './daemon-users.ts'
import { daemonPidFile, dockerAnswers, dockerClient, startDaemon } from './docker.ts'
import { isDebianRoot, type OnProgress, which } from './run.ts'

/**
 * Gives a client for a Docker engine that answers. Where none does and the machine is Debian under root, installs Debian's
 * engine and starts it by hand (nothing else would: such machines often have no systemd); the log lies in `<stateDir>/logs`.
 * A daemon that was started so stays at least until `stateDir` leaves it or is deleted. Throws with what the user is to do where
 * no engine can be had.
 */
export async function ensureDocker(deps: { stateDir: string; onProgress?: OnProgress }): Promise<Docker> {
  const { stateDir, onProgress = () => {} } = deps
  const docker = dockerClient()
  if (!(await dockerAnswers(docker))) await startEngine(stateDir, onProgress)
  noteDaemonUse(stateDir)
  return docker
}

async function startEngine(stateDir: string, onProgress: OnProgress): Promise<void> {
  if (process.env.DOCKER_HOST) throw new Error(`No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}.`)
  if (!isDebianRoot()) throw new Error(howToGetDocker())
  const missing = [which('dockerd') ? '' : 'docker.io', which('iptables') ? '' : 'iptables'].filter(Boolean)
  if (missing.length > 0) {
    onProgress(`installing ${missing.join(' and ')}`)
    await aptInstall(missing, onProgress)
  }
  onProgress('starting dockerd')
  await startDaemon({ logFile: join(stateDir, 'logs/dockerd.log'), pidFile: daemonPidFile })
}

function howToGetDocker(): string {
  if (process.platform === 'darwin')
    return 'No Docker engine answers. Start Docker Desktop (or colima, OrbStack) and run this again.'
  if (which('dockerd'))
    return 'No Docker engine answers. Start it (sudo systemctl start docker) and add yourself to the group docker.'
  return 'Docker is not installed. Install it (https://docs.docker.com/engine/install/), or name an engine with DOCKER_HOST.'
}
