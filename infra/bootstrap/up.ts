import { readState } from '../supervisor-state.ts'
import { describe, ensureCredentials } from './credentials.ts'
import { ensureDocker } from './ensure-docker.ts'
import { servicesFingerprint } from './fingerprint.ts'
import { installationId, layout, readEmbedded } from './layout.ts'
import { createProgress } from './progress.ts'
import { redisProgram } from './redis.ts'
import { ensureSandboxImage } from './sandbox-image.ts'
import { readSettings } from './settings.ts'
import { listens, pastPhase, servicesReady, startSupervisor, stopSupervisor, supervisorPid } from './supervision.ts'
import { buildWeb } from './web.ts'

/** `make up`: from an installed project to a running Slipway; again and again without harm. */
async function up(): Promise<void> {
  const settings = readSettings()
  Object.assign(process.env, settings.env)
  const paths = layout(settings.dataDir)
  // Made first, so that `make clean` knows an installation that got no further.
  installationId(paths)
  const { step } = createProgress(process.stdout)

  const docker = await step('Docker', onProgress => ensureDocker({ stateDir: paths.dataDir, onProgress }))
  const image =
    settings.config.sandbox.image ??
    (await step('Sandbox image', onProgress => ensureSandboxImage({ docker, onProgress })))
  settings.env.SANDBOX_IMAGE = image
  await step('Web app', buildWeb)
  if (!settings.config.redisUrl) await step('Redis program', redisProgram)

  const fingerprint = servicesFingerprint(settings, image)
  const running = (await supervisorPid(paths)) !== null
  if (!running || readState(paths)?.fingerprint !== fingerprint) {
    if (running) await step('Stopping the services that run with older settings or code', () => stopSupervisor(paths))
    await step('Supervisor', () => startSupervisor(settings, paths, fingerprint))
  }
  await step('Postgres and Redis', () => pastPhase(paths, 'servers'))
  const { databaseUrl = '', redisUrl = '' } = await step('Migrations', () => pastPhase(paths, 'migrating'))
  await step(`Services (${settings.config.services.join(', ')})`, onProgress =>
    servicesReady(settings, paths, onProgress),
  )

  if (!listens(settings)) {
    console.log(`\nWorkers of this machine work for ${settings.config.apiUrl}; make down stops them.`)
    return
  }
  const url = settings.config.publicUrl
  const { plan } = settings.config
  const access = await ensureCredentials({ file: paths.credentials, url, plan, databaseUrl, redisUrl })
  const database = readEmbedded(paths).postgresDir
  const elsewhere = !settings.config.databaseUrl && database && database !== paths.postgres ? ` and ${database}` : ''
  console.log(`
${describe(access)}
Data             ${paths.dataDir}${elsewhere}

make logs shows what it does, make down stops it.`)
}

try {
  await up()
  process.exit(0)
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exit(1)
}
