import { v5 as uuid } from 'uuid'

/** Where in a task's work a reply stands. */
export interface ReplyPlace {
  taskId: string
  attempt: number
  iteration: number
}

/** Any fixed UUID. */
const NAMESPACE = '5d0ccf64-0c3a-4b0e-9d1f-1f9a4b8b7c52'

/** The id of the message that a reply is stored as: it follows from the place, so that what is shown of it before carries it already. */
export const replyId = (place: ReplyPlace): string => idOf('reply', place)

/** The id of the message with the results of the reply's calls. */
export const resultsId = (place: ReplyPlace): string => idOf('results', place)

const idOf = (what: string, { taskId, attempt, iteration }: ReplyPlace): string =>
  uuid(`${what} ${taskId} ${attempt} ${iteration}`, NAMESPACE)
