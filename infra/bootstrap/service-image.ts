import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { ensureBaseImage, hasImage } from './base-image.ts'
import { buildArguments, followEngine, tarOf } from './engine-stream.ts'
import { digestOf } from './fingerprint.ts'
import { linuxNode } from './linux-node.ts'
import type { OnProgress } from './run.ts'
import { projectRoot as root } from './settings.ts'

/** What of the project the services run from; the web app and the database client are built before. */
const sources = ['services', 'shared', 'prisma', 'infra']
const manifests = ['package.json', 'package-lock.json', '.npmrc']

/**
 * Makes sure that the engine has the image that all services run from, `slipway-service:<hash>` of the project as it lies on disk, and
 * gives its name. Packages come from npm's registry while it is built; `caFile` names certificate authorities that this needs
 * besides Debian's. Throws with the engine's words when the build fails.
 */
export async function ensureServiceImage(deps: {
  docker: Docker
  caFile: string | null
  onProgress: OnProgress
}): Promise<string> {
  const { docker, caFile, onProgress } = deps
  const files = [...sources.map(folder => `${folder}/**/*`), ...manifests]
  const tag = `slipway-service:${digestOf(files)}`
  if (await hasImage(docker, tag)) return tag
  await ensureBaseImage(docker, onProgress)
  const context = await mkdtemp(join(tmpdir(), 'slipway-service-'))
  try {
    await cp(join(root, 'infra/service/Dockerfile'), join(context, 'Dockerfile'))
    await mkdir(join(context, 'ca'))
    if (caFile) await cp(caFile, join(context, 'ca/extra.crt'))
    await cp(await linuxNode({ docker, root, onProgress }), join(context, 'node'))
    await cp(join(root, 'node_modules/npm'), join(context, 'npm'), { recursive: true })
    for (const file of manifests) if (existsSync(join(root, file))) await cp(join(root, file), join(context, file))
    for (const folder of sources) {
      const installed = (path: string) => path.split('/').includes('node_modules')
      const options = { recursive: true, filter: (path: string) => !installed(path.slice(root.length)) }
      await cp(join(root, folder), join(context, 'project', folder), options)
    }
    onProgress('building the image of the services')
    const stream = await docker.buildImage(tarOf(context), { t: tag, buildargs: buildArguments() })
    await followEngine(docker, stream, onProgress)
  } finally {
    await rm(context, { recursive: true, force: true })
  }
  return tag
}
