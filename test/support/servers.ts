import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { dockerClient } from '../../infra/bootstrap/docker.ts'
import type { TestServers } from './test-servers.ts'

/** A database of one's own, migrated and empty. `drop` also cuts connections that are still open. */
export type FreshDatabase = { url: string; drop: () => Promise<void> }

/** Where a harness finds its servers, and whom it tells what has to be done at the end; the last said is done first. */
export type Stage = { servers: TestServers; onEnd: (cleanUp: () => unknown) => void }

/** Until the test that is running ends. */
export function testStage(): Stage {
  return { servers: inject('servers'), onEnd: cleanUp => onTestFinished(async () => void (await cleanUp())) }
}

/** Makes a database by cloning the migrated template, some 50 ms. */
export function freshDatabase(): Promise<FreshDatabase> {
  return cloneDatabase(inject('servers'))
}

/** The same outside vitest, as benchmarks need it. */
export async function cloneDatabase(servers: TestServers): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await admin(servers, `CREATE DATABASE ${name} TEMPLATE ${servers.template}`)
  const url = servers.postgresUrl.replace(/\/[^/]*$/, `/${name}`)
  return { url, drop: () => admin(servers, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** The run's Redis. All tests share it: stay within a `freshPrefix()`, and never flush it. */
export function redisUrl(): string {
  return inject('servers').redisUrl
}

/** A key prefix that no other test uses, in braces as the product's own, so that a cluster keeps its keys together. */
export function freshPrefix(): string {
  return `{test-${randomBytes(6).toString('hex')}}`
}

/** A client for the Docker engine. */
export function docker(): Docker {
  return dockerClient()
}

/** The name of the built sandbox image. */
export function sandboxImage(): string {
  return inject('servers').sandboxImage
}

async function admin(servers: TestServers, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: servers.postgresUrl })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
