/** A draft as the answer to a proposal names it. */
export interface ProposedDraft {
  id: string
  key: string
  number: number
  title: string
  /** Ids of its prerequisites. */
  dependsOn: string[]
}

/** What became of a proposal, each in the order given. */
export interface Proposed {
  created: ProposedDraft[]
  /** Drafts that are still the same tasks, with other plans; also those that were proposed as they are. */
  revised: ProposedDraft[]
  removed: ProposedDraft[]
  /** Whether the created and the revised ones were accepted with it, as the project's `autoAccept` says. */
  accepted: boolean
}
