import { OwnPrices, type UpdatePrices } from '../contract/usage.ts'
import { DEFAULT_PRICES } from '../domain/default-prices.ts'
import { LIMITS } from '../domain/limits.ts'
import { type Price, type Prices, priceOf } from '../domain/prices.ts'
import type { Database } from './db.ts'
import { Refused } from './refused.ts'

const KEY = 'prices'

/** What models cost, as far as an installation says otherwise than the defaults. */
export async function readOwnPrices({ prisma }: Database): Promise<OwnPrices> {
  const row = await prisma.installation.findUnique({ where: { key: KEY } })
  return row ? OwnPrices.parse(row.value) : {}
}

/** Sets the entries given and takes those away that are null; gives all. Refuses a list that grows beyond its limit. */
export async function changeOwnPrices(db: Database, changes: UpdatePrices['prices']): Promise<OwnPrices> {
  return db.transaction(async sql => {
    await sql.installation.createMany({ data: [{ key: KEY, value: {} }], skipDuplicates: true })
    const [row] = await sql.$queryRaw<[{ value: unknown }]>`
      SELECT value FROM installation WHERE key = ${KEY} FOR UPDATE`
    const entries = new Map<string, Price | null>(Object.entries(OwnPrices.parse(row.value)))
    for (const [pattern, price] of Object.entries(changes)) entries.set(pattern, price)
    const value = OwnPrices.parse(Object.fromEntries([...entries].filter(([, price]) => price !== null).sort()))
    if (Object.keys(value).length > LIMITS.money.ownPrices) {
      throw new Refused('limit_exceeded', `The price list may have ${LIMITS.money.ownPrices} entries at most.`)
    }
    await sql.installation.update({ where: { key: KEY }, data: { value } })
    return value
  })
}

/** The price list as workers use it. */
export interface PriceList {
  of(model: string): Promise<Price>
}

/** Reads the installation's own prices now and then; a change counts within seconds. */
export function createPriceList({ db, now = Date.now }: { db: Database; now?: () => number }): PriceList {
  let own: Promise<Prices> | null = null
  let readAt = 0
  return {
    async of(model) {
      if (!own || now() - readAt > LIMITS.money.pricesMs) {
        readAt = now()
        own = readOwnPrices(db)
        own.catch(() => {
          own = null
        })
      }
      return priceOf(model, await own, DEFAULT_PRICES)
    },
  }
}
