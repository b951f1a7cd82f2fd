import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { leaveDaemon } from './daemon-users.ts'
import { down } from './down.ts'
import { fallbackFolder, installationId, layout } from './layout.ts'
import { createProgress } from './progress.ts'
import { must } from './run.ts'
import { projectRoot, readSettings } from './settings.ts'

/** `make clean`: stops the installation and deletes its data; the Makefile then deletes what was installed and generated. */
async function clean(): Promise<void> {
  const settings = readSettings()
  const { dataDir } = settings
  const paths = layout(dataDir)
  const progress = createProgress(process.stdout)
  const deployed = existsSync(join(dataDir, 'compose'))
  if (deployed || existsSync(paths.installation)) {
    // A mistyped SLIPWAY_DATA must not cost somebody their home.
    if (isAbove(dataDir, projectRoot) || isAbove(dataDir, homedir())) throw new Error(`Will not delete ${dataDir}.`)
    if (deployed) await must(process.execPath, [join(import.meta.dirname, 'compose.ts'), 'clean'])
    await down(settings, paths, progress)
    const installation = installationId(paths)
    await progress.step(`Data in ${dataDir}`, async () => {
      await rm(fallbackFolder(installation), { recursive: true, force: true })
      await rm(dataDir, { recursive: true, force: true })
    })
  }
  await progress.step('Docker daemon', () => leaveDaemon(dataDir))
}

function isAbove(folder: string, other: string): boolean {
  return !relative(folder, other).startsWith('..')
}

await clean()
