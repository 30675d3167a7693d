/** What has to happen now and then: a long run in which one of these never did has not tested what it claims. */
export const SOMETIMES: readonly string[] = [
  'a candidate was acknowledged',
  'a client began from its disk',
  'a client met digest-mismatch',
  'a client met timeout',
  'a client met unavailable',
  'a client met vetoed',
  'a client ran a candidate',
  'a client rejected a document',
  'a client was killed right after a commit',
  'a copy of a client got there too',
  'a damaged snapshot was put again',
  'a epoch was acknowledged',
  'a half-open stream was noticed',
  'a publish failed with conflict',
  'a publisher was killed',
  'a release passed a slow reader',
  'a replica answered with what stood there before',
  'a rollback met a crash',
  'a rollback was acknowledged',
  'a server, a relay or a publisher was paused',
  'an acknowledgement was lost',
  'an application crashed on a document',
  'an older backup was restored',
  'an urgent write met a full disk',
  'one of two racing publishers won',
  'the clock of a server, a relay or a publisher jumped',
  'the disk of a client took nothing',
  'the disk of the board gave flipped bits',
  'the power of a client went',
  'the power went',
]

/** Those that happened in none of the histories. */
export function neverHappened(happened: Iterable<readonly string[]>): readonly string[] {
  const seen = new Set<string>()
  for (const things of happened) for (const thing of things) seen.add(thing)
  return SOMETIMES.filter(thing => !seen.has(thing))
}
