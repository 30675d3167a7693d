/**
 * What keeps a stage from being judged. Error is never success, and no data is neither success nor
 * failure.
 */
export type UnknownKind =
  | 'never-heard'
  | 'not-yet-heard'
  | 'too-few'
  | 'baking'
  | 'not-applied'
  | 'not-seen'
  | 'canary-missing'
  | 'shared-id'
  | 'client-silent'
  | 'label-over-represented'
  | 'probe-unhealthy'
  | 'probe-threw'
  | 'probe-timed-out'
  | 'crash-open'
  | 'one-failure'
  | 'stage-failing'
  | 'clients-gone'
  | 'clock-set-back'
  | 'control-failing'
  | 'control-silent'
  | 'control-too-small'
  | 'guardrail-too-small'
  | 'guardrail-waiting'
  | 'gate-waiting'
  | 'gate-unknown'
  | 'watching'
  | 'fleet-silent'
  | 'fleet-unhealthy'
  | 'paused'
  | 'retreated'
  | 'later-version'

/**
 * What is done about an unknown. `waits`: the stage goes on by itself once it is known, until
 * `decideBy`. `pauses`: somebody has to look. `widens`: one client more is exposed. `begins anew`:
 * the stage does, with the clients that are there. The last two pause where no client is left.
 * `goes on`: it is said, and something else decides.
 */
export type UnknownPolicy = 'waits' | 'pauses' | 'widens' | 'begins anew' | 'goes on'

/** Every kind of unknown: what it means, and what is done about it. */
export const UNKNOWNS: Readonly<
  Record<UnknownKind, { readonly means: string; readonly policy: UnknownPolicy }>
> = Object.freeze({
  'never-heard': {
    means: 'no client reports to this store, which has listened for long enough',
    policy: 'pauses',
  },
  'not-yet-heard': { means: 'no client was heard since the store began to listen', policy: 'waits' },
  'too-few': { means: 'fewer clients are left in the stage than a verdict needs', policy: 'waits' },
  baking: { means: 'clients run the candidate, and not for long enough yet', policy: 'waits' },
  'not-applied': { means: 'exposed clients do not run the candidate yet', policy: 'waits' },
  'not-seen': {
    means: 'too many live clients have not seen the release that began the stage',
    policy: 'waits',
  },
  'canary-missing': {
    means: 'a client that was chosen or named for the stage is not healthy yet',
    policy: 'waits',
  },
  'shared-id': { means: 'several instances report under one clientId side by side', policy: 'waits' },
  'client-silent': {
    means: 'an exposed client, or one of its processes, is silent, which is no failure yet',
    policy: 'waits',
  },
  'label-over-represented': {
    means: 'the exposed clients carry a label far more often than the fleet does',
    policy: 'pauses',
  },
  'probe-unhealthy': {
    means: 'a probe says unhealthy, and the client has not taken the candidate back yet',
    policy: 'waits',
  },
  'probe-threw': { means: 'a probe threw, which is no answer', policy: 'waits' },
  'probe-timed-out': { means: 'a probe did not answer in time, which is no answer', policy: 'waits' },
  'crash-open': {
    means: 'a client ended abruptly, and what it runs now has yet to outlive that',
    policy: 'waits',
  },
  'one-failure': {
    means: 'one client died on the candidate or fell silent, and one alone is no proof',
    policy: 'widens',
  },
  'stage-failing': {
    means: 'exposed clients fail more often than those outside, from e = 20 on, which is no proof yet',
    policy: 'pauses',
  },
  'clients-gone': {
    means: 'the clients that the stage was to learn from have gone; at the fourth time it pauses',
    policy: 'begins anew',
  },
  'clock-set-back': {
    means: 'the clock that stamps the reports was set back since the stage began',
    policy: 'begins anew',
  },
  'control-failing': {
    means: 'clients outside the audience fail as well, so the candidate is not to blame',
    policy: 'waits',
  },
  'control-silent': {
    means: 'clients outside the audience are not heard either, so silence says nothing',
    policy: 'waits',
  },
  'control-too-small': {
    means:
      'too few clients are outside the audience to compare with; only what clients say of the candidate counts',
    policy: 'goes on',
  },
  'guardrail-too-small': {
    means: 'too few clients are in the stage, or outside of it, to compare the mean of a number',
    policy: 'goes on',
  },
  'guardrail-waiting': {
    means: 'too few clients have reported a number that is to be compared',
    policy: 'waits',
  },
  'gate-waiting': {
    means: 'a gate has not answered for this stage, or nobody here can ask it',
    policy: 'waits',
  },
  'gate-unknown': { means: 'a gate answered that it does not know, threw or timed out', policy: 'waits' },
  watching: { means: 'every stage has passed, and the watch is not over', policy: 'waits' },
  'fleet-silent': {
    means: 'too many clients fell silent while the candidate is watched',
    policy: 'pauses',
  },
  'fleet-unhealthy': {
    means: 'the probes of too many clients say unhealthy while the candidate is watched',
    policy: 'pauses',
  },
  paused: { means: 'somebody paused the rollout', policy: 'pauses' },
  retreated: {
    means: 'the exposed clients were taken back, and the candidate was not withdrawn',
    policy: 'pauses',
  },
  'later-version': {
    means: 'the rollout is in a state that this version does not know; a later one goes on with it',
    policy: 'waits',
  },
})

/**
 * Whether somebody has to look at one of them.
 *
 * ```ts
 * const action = needLooking(unknowns) ? 'pause' : 'hold'
 * ```
 */
export function needLooking(unknowns: readonly Unknown[]): boolean {
  return unknowns.some(({ kind }) => UNKNOWNS[kind].policy === 'pauses')
}

/**
 * Whether one of them stands in the way of a verdict.
 *
 * ```ts
 * if (standInTheWay(unknowns)) return { verdict: 'unknown', unknowns }
 * ```
 */
export function standInTheWay(unknowns: readonly Unknown[]): boolean {
  return unknowns.some(({ kind }) => UNKNOWNS[kind].policy !== 'goes on')
}

/**
 * One unknown of a stage, and how many clients it concerns; none for those of the stage as a whole.
 */
export interface Unknown {
  readonly kind: UnknownKind
  /** What exactly, for people. */
  readonly text: string
  readonly clients?: number
}

/**
 * An unknown, said with what it means unless something more exact is to be said.
 *
 * ```ts
 * unknown('too-few', { clients: 2 })
 * ```
 */
export function unknown(kind: UnknownKind, more: Partial<Omit<Unknown, 'kind'>> = {}): Unknown {
  return { kind, text: UNKNOWNS[kind].means, ...more }
}

/**
 * An unknown with its name of the list, and with how many clients it concerns where its text does
 * not tell.
 *
 * ```ts
 * sayUnknown(unknown('probe-threw', { clients: 2 })) // a probe threw, which is no answer (probe-threw, 2 clients)
 * ```
 */
export function sayUnknown({ kind, text, clients }: Unknown): string {
  const count = clients === undefined || text !== UNKNOWNS[kind]?.means ? '' : `, ${sayClients(clients)}`
  return `${text} (${kind}${count})`
}

function sayClients(count: number): string {
  return count === 1 ? '1 client' : `${count} clients`
}
