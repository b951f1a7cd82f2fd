import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { aptInstall } from './apt.ts'
import { ensureBaseImage, hasImage } from './base-image.ts'
import { dockerClient } from './docker.ts'
import { removeContainers } from './down.ts'
import { followEngine, tarOf } from './engine-stream.ts'
import { ensureDocker } from './ensure-docker.ts'
import { installationId, layout, readJson, writePrivateJson } from './layout.ts'
import { createProgress } from './progress.ts'
import { isDebianRoot, must, type OnProgress, run, which } from './run.ts'
import { ensureSandboxImage } from './sandbox-image.ts'
import { ensureServiceImage } from './service-image.ts'
import { projectRoot, readSettings, type Settings } from './settings.ts'
import { probe } from './supervision.ts'
import { buildWeb } from './web.ts'

/*
 * `make compose-up` and `make compose-down`: the split deployment on this machine's Docker, WORKERS=3 workers. The images are built through the
 * engine's API, so neither buildx nor a registry is needed.
 */

const readyDeadline = 180_000
const { step } = createProgress(process.stdout)
const settings = readSettings()
const paths = layout(join(settings.dataDir, 'compose'))
const installation = installationId(paths)

/** Compose as a plugin of today or the program of old; installed where that can be done. */
async function composeCommand(onProgress: OnProgress): Promise<string[]> {
  if (which('docker') && (await run('docker', ['compose', 'version'])).code === 0) return ['docker', 'compose']
  if (!which('docker-compose') && isDebianRoot()) await aptInstall(['docker-compose'], onProgress)
  if (which('docker-compose')) return ['docker-compose']
  throw new Error('Docker Compose is not installed: https://docs.docker.com/compose/install/')
}

async function compose(
  command: string[],
  env: NodeJS.ProcessEnv,
  args: string[],
  onLine?: OnProgress,
): Promise<string> {
  const [program = '', ...first] = command
  const project = ['-p', `slipway-${installation}`, '-f', join(projectRoot, 'docker-compose.yml')]
  return must(program, [...first, ...project, ...args], { cwd: projectRoot, env, ...(onLine && { onLine }) })
}

/** The variables of docker-compose.yml, beside the settings that it takes over as they are. */
function variables({ config, env }: Settings, images: { service: string; sandbox: string }): NodeJS.ProcessEnv {
  const secrets = join(paths.dataDir, 'secrets.json')
  const kept = readJson<{ postgres: string }>(secrets) ?? { postgres: randomBytes(18).toString('hex') }
  writePrivateJson(secrets, kept)
  return {
    ...env,
    SLIPWAY_IMAGE: images.service,
    SANDBOX_IMAGE: images.sandbox,
    SLIPWAY_INSTALLATION: installation,
    POSTGRES_PASSWORD: kept.postgres,
    PUBLIC_URL: config.publicUrl,
    HOST: config.host,
    PORT: String(config.port),
    DOCKER_SOCKET: /^unix:\/\/(.+)/.exec(config.dockerHost ?? '')?.[1] ?? '/var/run/docker.sock',
  }
}

async function up(): Promise<void> {
  const docker = await step('Docker', onProgress => ensureDocker({ stateDir: settings.dataDir, onProgress }))
  const command = await step('Compose', composeCommand)
  await step('Web app', buildWeb)
  await step('Images of Postgres, Redis and the edge', async onProgress => {
    await ensureBaseImage(docker, onProgress)
    for (const kind of ['postgres', 'redis', 'edge']) {
      const context = tarOf(join(projectRoot, 'infra/compose', kind))
      await followEngine(docker, await docker.buildImage(context, { t: `slipway-${kind}:bookworm` }), onProgress)
    }
  })
  const { image, caFile } = settings.config.sandbox
  const sandbox = image ?? (await step('Sandbox image', onProgress => ensureSandboxImage({ docker, onProgress })))
  if (!(await hasImage(docker, sandbox))) throw new Error(`The engine has no image ${sandbox}.`)
  const service = await step('Image of the services', onProgress => {
    return ensureServiceImage({ docker, caFile: caFile ?? process.env.NODE_EXTRA_CA_CERTS ?? null, onProgress })
  })
  const env = variables(settings, { service, sandbox })
  const workers = settings.env.WORKERS ?? '3'
  await step(`Containers (${workers} workers)`, onProgress => {
    return compose(command, env, ['up', '-d', '--no-build', '--scale', `worker=${workers}`], onProgress)
  })
  try {
    await step('Ready', onProgress => ready(onProgress))
  } catch (error) {
    console.error(await compose(command, env, ['logs', '--no-color', '--tail=20', 'api', 'gateway', 'worker']))
    throw error
  }
  const access = await compose(command, env, ['exec', '-T', 'api', 'node', 'infra/bootstrap/credentials.ts'])
  console.log(`\n${access}`)
}

/** Waits until the API answers through the edge that it can work. */
async function ready(onProgress: OnProgress): Promise<void> {
  const deadline = Date.now() + readyDeadline
  for (;;) {
    const answer = await probe(`${settings.localUrl}/readyz`)
    if (answer === 'ready') return
    if (Date.now() > deadline) throw new Error(`The services are not ready: ${answer}.`)
    onProgress(answer)
    await delay(500)
  }
}

/** Ends the containers; `clean` deletes their data too. */
async function down(clean: boolean): Promise<void> {
  const command = await composeCommand(() => {})
  const env = variables(settings, { service: 'none', sandbox: 'none' })
  const args = ['down', '--remove-orphans', ...(clean ? ['--volumes'] : [])]
  await step('Containers', onProgress => compose(command, env, args, onProgress))
  await step('Containers of tasks', () => removeContainers(dockerClient(), installation))
}

try {
  const [action] = process.argv.slice(2)
  if (action === 'up') await up()
  else await down(action === 'clean')
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exit(1)
}
