import { z } from 'zod'
import { Refused } from '../../shared/runtime/refused.ts'

/** An opaque cursor: the sort key of the last item that was given out. */
export const encodeCursor = (key: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url')

/**
 * The sort key that a cursor stands for, undefined without one.
 * @throws Refused `invalid_request` for a cursor that did not come from this list
 */
export function decodeCursor<T extends z.ZodType>(cursor: string | undefined, key: T): z.output<T> | undefined {
  if (cursor === undefined) return undefined
  const parsed = key.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  if (parsed.success) return parsed.data
  throw new Refused('invalid_request', 'The cursor is not one of this list.', [
    { path: 'cursor', message: 'must be the nextCursor of an earlier answer' },
  ])
}

/** Lists that are sorted by id, or by one number. */
export const IdKey = z.tuple([z.uuid()])
export const NumberKey = z.tuple([z.int().min(0).max(2_147_483_647)])

/** Makes a page of up to `limit` items from `limit + 1` rows. */
export function paged<Row, Item>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => readonly (string | number)[],
  items: (rows: readonly Row[]) => Item[],
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: items(shown), nextCursor: rows.length > limit && last ? encodeCursor(key(last)) : null }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
