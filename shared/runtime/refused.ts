import { PROBLEMS, type Problem, type ProblemCode } from '../contract/common.ts'

/** A request that is refused for a reason the caller can understand and act on. Becomes a problem document. */
export class Refused extends Error {
  override name = 'Refused'
  readonly code: ProblemCode
  readonly errors: Problem['errors']

  constructor(code: ProblemCode, detail: string, errors?: Problem['errors']) {
    super(detail)
    this.code = code
    this.errors = errors
  }

  get status(): number {
    return PROBLEMS[this.code]
  }
}

/** The same words whether a thing does not exist or belongs to another organization. */
export const notFound = (what: string): Refused => new Refused('not_found', `There is no such ${what}.`)

/** A run that has lost its claim: another epoch holds the task, or it is no longer active. Its process must stop working on it. */
export class Fenced extends Error {
  override name = 'Fenced'
}
