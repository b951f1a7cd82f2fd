import type { Readable } from 'node:stream'
import type { Answer, Body, Params, Query, RouteName, Routes } from '../../shared/contract/routes.ts'
import type { Identity } from '../../shared/runtime/tokens.ts'

/** Text instead of JSON, on routes that say so in the table. */
export class TextAnswer {
  readonly type: string
  readonly body: string | Readable
  constructor(type: string, body: string | Readable) {
    this.type = type
    this.body = body
  }
}

/** A request, parsed by the table's schemas. */
export interface Call<K extends RouteName> {
  params: Params<K>
  query: Query<K>
  body: Body<K>
  /** Null only on routes that are open to everybody. */
  identity: Routes[K]['access'] extends 'none' ? null : Identity
  /** Whether the client would rather have plain text than JSON. */
  prefersText: boolean
}

type TextOf<K extends RouteName> = Routes[K] extends { text: true } ? TextAnswer : never

export type Handler<K extends RouteName> = (call: Call<K>) => Promise<Answer<K> | TextOf<K>>
export type Handlers<Names extends RouteName = RouteName> = { [K in Names]: Handler<K> }
