import { parallelLimit } from '../../../shared/domain/limits.ts'
import { Refused } from '../../../shared/runtime/refused.ts'
import type { Handlers } from '../answer.ts'
import type { ApiDeps } from '../deps.ts'

export function authHandlers({ db, tokens, models }: ApiDeps): Handlers<'signIn' | 'me'> {
  return {
    async signIn({ body }) {
      const token = await tokens.redeemSignIn(body.code)
      if (token) return { token }
      throw new Refused('unauthorized', 'The sign-in link is used or too old: make a new one with “make up”.')
    },

    async me({ identity }) {
      const user = await db.prisma.user.findUniqueOrThrow({
        where: { id: identity.userId },
        include: { organization: true },
      })
      const { id, slug, name, plan } = user.organization
      return {
        user: { id: user.id, name: user.name, role: identity.role },
        organization: { id, slug, name, plan, limit: parallelLimit(plan) },
        models: [...models.available],
        defaultModel: models.default,
      }
    },
  }
}
