import { existsSync, readFileSync } from 'node:fs'
import type Docker from 'dockerode'
import { dockerAnswers, dockerClient } from './docker.ts'
import { type Layout, layout } from './layout.ts'
import { createProgress, type Progress } from './progress.ts'
import { readSettings, type Settings } from './settings.ts'
import { stopSupervisor } from './supervision.ts'

/**
 * Stops everything of an installation: the services in good order, then the servers, then containers that are left. The data stays. Whoever only
 * joined another's database leaves containers to its other workers, which may run on this machine as well.
 */
export async function down(settings: Settings, paths: Layout, progress: Progress): Promise<void> {
  const ran = await progress.step('Services and servers', () => stopSupervisor(paths))
  if (!ran) console.log('    (nothing was running)')
  const docker = dockerClient()
  if (settings.config.databaseUrl || !existsSync(paths.installation) || !(await dockerAnswers(docker))) return
  const id = readFileSync(paths.installation, 'utf8').trim()
  await progress.step('Containers', () => removeContainers(docker, id))
}

/** Removes every container of an installation, running or not. */
export async function removeContainers(docker: Docker, installation: string): Promise<void> {
  const filters = { label: [`slipway.installation=${installation}`] }
  const containers = await docker.listContainers({ all: true, filters })
  for (const { Id } of containers) {
    await docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch((error: { statusCode?: number }) => {
        // Gone already, or on its way.
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error
      })
  }
}

if (import.meta.main) {
  const settings = readSettings()
  await down(settings, layout(settings.dataDir), createProgress(process.stdout))
}
