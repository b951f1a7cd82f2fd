import type { GitStoreCode } from '../../contract/git-store.ts'

/** Why a call of the git store was refused or failed; `code` is stable and travels over HTTP. */
export class GitStoreError extends Error {
  readonly code: GitStoreCode

  constructor(code: GitStoreCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GitStoreError'
    this.code = code
  }
}

/** A write of an epoch that is no longer the task's: another worker holds it, the caller has to stop. */
export class Fenced extends GitStoreError {
  constructor(message: string) {
    super('fenced', message)
    this.name = 'Fenced'
  }
}

/** A git command that ended with an error. The message never holds credentials. */
export class GitError extends Error {
  /** The exit code, null when git was killed. */
  readonly exitCode: number | null
  readonly stderr: string

  constructor(
    args: readonly string[],
    exitCode: number | null,
    stderr: string,
    why = `exit ${exitCode ?? 'by signal'}`,
  ) {
    const words = withoutCredentials(stderr.trim())
    super(`git ${withoutCredentials(args.join(' '))}: ${why}${words ? `: ${words}` : ''}`)
    this.name = 'GitError'
    this.exitCode = exitCode
    this.stderr = words
  }
}

/** A text without the user names and passwords of the URLs in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
}
