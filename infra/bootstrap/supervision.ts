import { spawn } from 'node:child_process'
import { closeSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Phase, readState, type SupervisorState } from '../supervisor-state.ts'
import { type Layout, readEmbedded } from './layout.ts'
import { runningPid, stopPid } from './pid-file.ts'
import { isPortFree } from './ports.ts'
import { stopLeftoverPostgres } from './postgres.ts'
import type { OnProgress } from './run.ts'
import { lastLines, openLog } from './server-process.ts'
import { projectRoot, type Settings } from './settings.ts'

const order: Phase[] = ['servers', 'migrating', 'starting']
const stopDeadline = 90_000

/** The process id of the installation's supervisor, or null when none runs. */
export function supervisorPid(paths: Layout): Promise<number | null> {
  return runningPid(paths.pid('supervisor'), `supervisor.ts ${paths.dataDir}`)
}

/** Starts a supervisor that outlives this process. Throws when another program has the port that the services are to listen on. */
export async function startSupervisor(settings: Settings, paths: Layout, fingerprint: string): Promise<void> {
  await stopLeftovers(paths)
  const { port, host } = settings.config
  if (listens(settings) && !(await isPortFree(port, host))) {
    throw new Error(`Port ${port} is taken by another program. Choose another: PORT=${port + 1} make up`)
  }
  rmSync(paths.state, { force: true })
  const log = openLog(paths.log('supervisor'))
  const args = [join(projectRoot, 'infra/supervisor.ts'), paths.dataDir, fingerprint]
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    env: settings.env,
    detached: true,
    stdio: ['ignore', log, log],
  })
  await new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject))
  closeSync(log)
  child.unref()
  while (readState(paths) === null && child.exitCode === null) await delay(50)
}

/** Waits until the supervisor has left a phase behind. Throws with its words and log when it failed. */
export async function pastPhase(paths: Layout, phase: Phase): Promise<SupervisorState> {
  for (;;) {
    const state = readState(paths)
    if (state?.phase === 'failed') throw new Error(state.message)
    if (state && order.indexOf(state.phase) > order.indexOf(phase)) return state
    if ((await supervisorPid(paths)) === null && readState(paths)?.phase !== 'failed') {
      throw new Error(`The supervisor has ended:\n${lastLines(paths.log('supervisor'), 12)}`)
    }
    await delay(100)
  }
}

/**
 * Waits until the services are ready: `/readyz` answers 200, or, for workers alone, which open no port, they have said so to their supervisor.
 * Throws with the end of their log when they keep ending.
 */
export async function servicesReady(settings: Settings, paths: Layout, onProgress: OnProgress): Promise<void> {
  for (;;) {
    const state = readState(paths)
    if (listens(settings)) {
      const answer = await probe(`${settings.localUrl}/readyz`)
      if (answer === 'ready') return
      onProgress(answer)
    } else if (state?.servicesReady) return
    if (!state || state.servicesExits >= 3 || (await supervisorPid(paths)) === null) {
      throw new Error(
        `The services do not start. Their log (${paths.log('slipway')}) ends:\n${lastLines(paths.log('slipway'), 20)}`,
      )
    }
    await delay(200)
  }
}

/** Stops the supervisor and with it the services and the embedded servers, and whatever a killed supervisor left. True when one ran. */
export async function stopSupervisor(paths: Layout): Promise<boolean> {
  const ran = await stopPid(paths.pid('supervisor'), `supervisor.ts ${paths.dataDir}`, stopDeadline)
  await stopLeftovers(paths)
  rmSync(paths.state, { force: true })
  return ran
}

async function stopLeftovers(paths: Layout): Promise<void> {
  const embedded = readEmbedded(paths)
  await stopPid(paths.pid('services'), `services/main.ts ${paths.dataDir}`)
  await stopPid(paths.pid('redis'), `:${embedded.redisPort}`)
  await stopLeftoverPostgres(embedded.postgresDir ?? paths.postgres)
}

/** False for workers alone, which open no port. */
export function listens(settings: Settings): boolean {
  return settings.config.services.some(name => name === 'api' || name === 'gateway')
}

/** Asks once whether the services are ready: `ready`, or what they still wait for, in words. */
export async function probe(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    if (response.ok) return 'ready'
    const { checks } = (await response.json()) as { checks: Record<string, boolean> }
    const missing = Object.keys(checks).filter(name => !checks[name])
    return `waiting for ${missing.join(', ')}`
  } catch {
    return 'waiting for the first answer'
  }
}
