import type { OwnPrices, PriceList } from '../../../shared/contract/usage.ts'
import { DEFAULT_PRICES } from '../../../shared/domain/default-prices.ts'
import { changeOwnPrices, readOwnPrices } from '../../../shared/runtime/prices.ts'
import type { Handlers } from '../answer.ts'
import type { ResourceDeps } from '../resource-deps.ts'

export function priceHandlers({ db }: ResourceDeps): Handlers<'getPrices' | 'updatePrices'> {
  const beside = (prices: OwnPrices): PriceList => ({ prices, defaults: DEFAULT_PRICES })
  return {
    getPrices: async () => beside(await readOwnPrices(db)),
    updatePrices: async ({ body }) => beside(await changeOwnPrices(db, body.prices)),
  }
}
