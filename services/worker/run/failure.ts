/** The task cannot be done, for a reason that its reader can act on. */
export class TaskFailure extends Error {
  override name = 'TaskFailure'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** A provider's limit: the task goes on at that time, without holding a slot until then. */
export class TaskParked extends Error {
  override name = 'TaskParked'
  readonly until: Date
  constructor(message: string, until: Date) {
    super(message)
    this.until = until
  }
}

/** No budget has room for another reply. `parked`: the task waits already, and the run is over. */
export class BudgetReached extends Error {
  override name = 'BudgetReached'
  readonly parked: boolean
  constructor(message: string, parked: boolean) {
    super(message)
    this.parked = parked
  }
}
