/** What a client is known by. Fixed for the life of one instance. */
export interface Identity {
  /** Stable over restarts where possible; rollout cohorts are drawn from it. */
  readonly clientId: string
  /** New at each start. */
  readonly instanceId: string
  /** Set when the clientId was made up at this start, since nothing stable was found. */
  readonly ephemeral: boolean
  /** Where it runs and what it is: `{ region: 'eu', tier: 'canary' }`. */
  readonly labels: Readonly<Record<string, string>>
  /**
   * The application's own version, when it is told. A refusal of a snapshot holds for one build.
   */
  readonly build?: string
}
