import { readEvents } from '../../../shared/runtime/read-events.ts'
import type { Handlers } from '../answer.ts'
import type { ResourceDeps } from '../resource-deps.ts'

export function eventHandlers({ db, scope }: ResourceDeps): Handlers<'listEvents'> {
  return {
    async listEvents({ identity, params, query: { after, limit } }) {
      const { id } = await scope.project(identity, params.id)
      return { items: await readEvents(db, id, after, limit) }
    },
  }
}
