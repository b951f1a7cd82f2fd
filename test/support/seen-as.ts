import { type Database, Prisma, type Sql } from '../../shared/runtime/db.ts'

type Delegate = (args: never) => Promise<unknown>

/** A database that does something else than it is told: the way to seed a fault into the code that uses it. */
export interface Distortion {
  /** Raw statements: the pieces of their text, to be given back changed, or null to leave the statement out. */
  statement?(pieces: readonly string[]): readonly string[] | null
  /** What a raw query gives. */
  rows?(text: string, rows: unknown): unknown
  /** Calls of models, by `model.method`: does whatever it likes instead. */
  calls?: Record<string, (args: never, proceed: (args: unknown) => Promise<unknown>) => Promise<unknown>>
}

/** The database as distorted for whoever gets it; the given one stays as it is. */
export const seenAs =
  (distortion: Distortion) =>
  (db: Database): Database => ({
    ...db,
    prisma: distort(db.prisma, distortion),
    transaction: work => db.transaction(sql => work(distort(sql, distortion))),
  })

function distort<T extends Sql>(client: T, { statement, rows, calls = {} }: Distortion): T {
  return new Proxy(client, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver)
      if (name === '$queryRaw' || name === '$executeRaw') {
        return async (text: readonly string[], ...parts: unknown[]) => {
          // What a statement is put together from counts as its text.
          const { strings: pieces, values } = Prisma.sql(text, ...(parts as Prisma.Sql[]))
          const changed = statement ? statement(pieces) : pieces
          if (changed === null) return name === '$queryRaw' ? [] : 0
          const run = value as (pieces: TemplateStringsArray, ...values: unknown[]) => Promise<unknown>
          const result = await run.call(target, template(changed), ...values)
          return rows ? rows(pieces.join('?'), result) : result
        }
      }
      if (typeof name !== 'string' || !Object.keys(calls).some(call => call.startsWith(`${name}.`))) return value
      return new Proxy(value as object, {
        get(model, method) {
          const original = Reflect.get(model, method) as Delegate
          const instead = calls[`${name}.${String(method)}`]
          if (!instead) return original
          return (args: never) => instead(args, changed => original.call(model, changed as never))
        },
      })
    },
  })
}

const template = (pieces: readonly string[]): TemplateStringsArray => Object.assign([...pieces], { raw: [...pieces] })
