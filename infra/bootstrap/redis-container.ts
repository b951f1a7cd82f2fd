import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBaseImage, hasImage } from './base-image.ts'
import { dockerClient } from './docker.ts'
import { followEngine, tarOf } from './engine-stream.ts'
import { type RedisOptions, redisSettings } from './redis-settings.ts'
import type { OnProgress } from './run.ts'
import type { ServerProcess } from './server-process.ts'

const image = 'slipway-redis:bookworm'

/**
 * Runs Redis in a container with the same settings, its data in a volume of the installation. For machines that have Docker but
 * no Redis of their own, such as a laptop with macOS.
 */
export async function redisInContainer(
  options: RedisOptions & { port: number; onProgress: OnProgress },
): Promise<ServerProcess> {
  const { installation, password, port, logFile, persist = true, onProgress } = options
  const docker = dockerClient()
  if (!(await hasImage(docker, image))) {
    await ensureBaseImage(docker, onProgress)
    onProgress('building the Redis image')
    const context = tarOf(join(import.meta.dirname, '../compose/redis'))
    await followEngine(docker, await docker.buildImage(context, { t: image }), onProgress)
  }
  const name = `slipway-redis-${installation}`
  await docker
    .getContainer(name)
    .remove({ force: true })
    .catch(() => {})
  const settings = redisSettings(persist).flatMap(line => {
    const [key, value = ''] = line.split(' ')
    return [`--${key}`, value.replaceAll('"', '')]
  })
  const container = await docker.createContainer({
    name,
    Image: image,
    Cmd: ['redis-server', ...settings, '--requirepass', password],
    Labels: { 'slipway.installation': installation },
    HostConfig: {
      PortBindings: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      Binds: [`${name}:/data`],
    },
  })
  await container.start()
  const exited = container.wait().then(({ StatusCode }) => {
    const log = openSync(logFile, 'a')
    writeSync(log, `container ${name} ended with ${StatusCode}\n`)
    closeSync(log)
  })
  const stop = async () => {
    await container.stop({ t: 10 }).catch(() => {})
    await container.remove({ force: true }).catch(() => {})
  }
  return { pid: 0, exited, stop }
}
