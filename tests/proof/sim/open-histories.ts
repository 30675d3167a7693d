/**
 * Histories that break an oracle, and of which nobody has found out yet whether the source or the oracle
 * is wrong. Each is found out and taken out of here, or becomes a kept history. The test of the seeds
 * fails for any other seed, and for one of these that breaks nothing any more.
 */
export const OPEN_HISTORIES: readonly {
  readonly seed: number
  readonly oracle: string
  readonly why: string
}[] = [
  {
    seed: 534,
    oracle: 'told-at-once',
    why: 'a build that refuses the newest document, and has nothing to run, does not say `ready` or `starting`',
  },
  {
    seed: 551,
    oracle: 'reports-are-true',
    why: 'after a restored backup a client does not report for 15 s that its standing has changed',
  },
  {
    seed: 740,
    oracle: 'told-at-once',
    why: 'behind a relay of a relay two clients are not told of a rollback within 6 s',
  },
]
