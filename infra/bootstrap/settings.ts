import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type Config, loadConfig } from '../../shared/runtime/config.ts'

/** The folder of the project. */
export const projectRoot = join(import.meta.dirname, '../..')

/** The product's settings, and what the bootstrap needs beside them. */
export type Settings = {
  config: Config
  /** Absolute path of the folder that holds everything that changes. */
  dataDir: string
  /** Where the bootstrap itself reaches the services. */
  localUrl: string
  /** The process's environment, completed from `.env`: what child processes get. */
  env: NodeJS.ProcessEnv
}

/**
 * Reads the settings from the environment and, for what is not set there, from `.env`. Throws with everything that is wrong, and for
 * a port of 0, since nobody could be told where to go.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env, root = projectRoot): Settings {
  const file = join(root, '.env')
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const env = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...given }
  const config = loadConfig(env)
  if (config.port === 0) throw new Error('PORT must be a fixed port here.')
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host
  const dataDir = resolve(root, env.SLIPWAY_DATA ?? '.slipway')
  return { config, dataDir, localUrl: `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`, env }
}
