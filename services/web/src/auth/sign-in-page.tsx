import { useQuery } from '@tanstack/react-query'
import { useLocation, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { createClient } from '../../../../shared/contract/client.ts'
import { problemWords } from '../api/problem-words.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Logo } from '../ui/logo.tsx'
import { Notice } from '../ui/notice.tsx'
import { signInCode } from './next-path.ts'
import type { Session } from './session.ts'

/** Signs in by a one-time link (`#code=…`) or by a token, then goes to `next`. */
export function SignInPage({ session, next }: { session: Session; next: string }) {
  const router = useRouter()
  const code = useLocation({ select: ({ hash }) => signInCode(hash) })

  const enter = (token: string) => {
    session.signIn(token)
    // Takes the address with the code out of the history.
    router.history.replace(next)
  }
  const exchange = useQuery({
    queryKey: ['sign-in', code],
    queryFn: async () => (await createClient({ url: '' }).signIn({ body: { code: code! } })).token,
    enabled: code !== null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: `enter` is for the one token that the code gave
  useEffect(() => {
    if (exchange.data) enter(exchange.data)
  }, [exchange.data])

  return (
    <main className="grid min-h-full place-items-center p-4">
      <div className="w-full max-w-sm">
        <h1 className="mb-5 flex items-center justify-center gap-2 font-semibold text-xl">
          <Logo className="size-7" /> Slipway
        </h1>
        <div className="space-y-4 rounded-xl border border-line bg-panel p-5 shadow-sm">
          {code && exchange.isPending ? (
            <p role="status">Signing in…</p>
          ) : (
            <>
              {exchange.error && (
                <Notice kind="error" title="This sign-in link does not work any more">
                  {`${problemWords(exchange.error)}\nA link works once, for 15 minutes. Run “make up” again: it prints a new one. Or paste a token below.`}
                </Notice>
              )}
              <TokenForm onToken={enter} />
            </>
          )}
        </div>
        <p className="mt-4 text-center text-muted text-xs">
          <code>make up</code> prints a one-time link and a token, and keeps the token in{' '}
          <code>.slipway/credentials.json</code>.
        </p>
      </div>
    </main>
  )
}

function TokenForm({ onToken }: { onToken(token: string): void }) {
  const [token, setToken] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [pending, setPending] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const given = token.trim()
    if (!/^[\x21-\x7e]+$/.test(given)) return setError('Paste the token as it was printed.')
    setPending(true)
    setError(null)
    try {
      await createClient({ url: '', token: given }).me({})
      onToken(given)
    } catch (problem) {
      const refused = problem instanceof Error && problem.name === 'ApiError'
      setError(
        refused ? `${problemWords(problem)} Run “make up” again to see the token that works.` : problemWords(problem),
      )
      setPending(false)
    }
  }
  return (
    <form className="space-y-3" onSubmit={submit}>
      <TextField
        autoComplete="current-password"
        autoFocus
        error={error}
        label="Token"
        onChange={event => setToken(event.target.value)}
        placeholder="Paste it here"
        required
        type="password"
        value={token}
      />
      <Button className="w-full" look="primary" pending={pending} type="submit">
        Sign in
      </Button>
    </form>
  )
}
