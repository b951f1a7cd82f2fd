import type { ModelReply } from '../../../shared/contract/history.ts'
import { LIMITS } from '../../../shared/domain/limits.ts'
import { costOf, isFree } from '../../../shared/domain/prices.ts'
import type { Claim } from '../../../shared/runtime/task-store/types.ts'
import type { ModelRequest } from '../models/broker.ts'
import type { RunDeps } from './deps.ts'
import { BudgetReached } from './failure.ts'

/** A reply, and what it cost in US dollars. */
export type PaidReply = ModelReply & { costUsd: number }

/**
 * Asks a model within the task's budgets: what the reply can cost at most is reserved first. Whoever asks stores the reply with its cost,
 * which frees what was reserved.
 * @param parks whether the task waits where a budget has no room
 * @throws BudgetReached, and what the broker throws
 */
export async function paidReply(
  { broker, store, prices }: RunDeps,
  claim: Claim,
  request: ModelRequest,
  parks: boolean,
): Promise<PaidReply> {
  const price = await prices.of(request.model)
  if (isFree(price)) return { ...(await broker.reply(request)), costUsd: 0 }
  const reserved = await store.reserve(claim, { inputTokens: estimateTokens(request), price, parks })
  if (reserved.kind !== 'granted') throw new BudgetReached(reserved.message, reserved.kind === 'parked')
  try {
    const reply = await broker.reply({ ...request, maxOutputTokens: reserved.maxOutputTokens })
    return { ...reply, costUsd: costOf(reply.usage, price) }
  } catch (error) {
    // A run that goes on without the reply must not keep others waiting; one that ends here drops it itself.
    await store.dropReservation(claim).catch(() => {})
    throw error
  }
}

/** By its length, rather too many: texts of all languages have fewer tokens than thirds of their bytes. */
function estimateTokens({ system, history, tools }: ModelRequest): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify({ system, history, tools })) / LIMITS.context.bytesPerToken)
}
