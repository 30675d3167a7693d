import type { ClientReport } from '../contracts/report.js'
import { runs } from './client-state.js'
import { unseenIn } from './judge.js'
import { heardMs, type Member } from './members.js'
import { sayLeft, sayTime } from './say-time.js'
import type { StageView } from './view.js'

/** How many clients of each kind are named. */
const MOST_NAMED = 10

/** A client that is awaited. */
export interface AwaitedClient {
  readonly clientId: string
  readonly instanceId: string
  /** Where it is, for people: `staged for 12 min, heard 20 s ago`. */
  readonly says: string
}

/**
 * Clients that a stage waits for. `waiting`: exposed, and they do not run the candidate yet.
 * `baking`: they run it, and not for long enough. `not-seen`: any other live client that has not
 * seen the release that began the stage, where too many have not.
 */
export interface Awaited {
  readonly is: 'waiting' | 'baking' | 'not-seen'
  /** How many there are. */
  readonly clients: number
  /** Ten of them at most. */
  readonly named: readonly AwaitedClient[]
}

/**
 * Whom a stage waits for, each kind with those that are named.
 *
 * ```ts
 * awaitedIn(view).flatMap(sayAwaited) // ['web-1: waiting; staged for 12 min, heard 20 s ago']
 * ```
 */
export function awaitedIn(view: StageView): readonly Awaited[] {
  const { rollout, exposed, missingCanaries } = view
  const { state, stageStart } = rollout
  if (state !== 'running' && state !== 'paused' && state !== 'watching') return []
  // A canary first, since the stage does not go on without it.
  const isCanary = new Set(missingCanaries.length < exposed.length ? missingCanaries : [])
  const are = (is: 'waiting' | 'baking'): readonly Member[] => {
    const members = exposed.flatMap(({ member, state }) => (state.is === is ? [member] : []))
    return [...members.filter(one => isCanary.has(one)), ...members.filter(one => !isCanary.has(one))]
  }
  const sayCanary = (member: Member): string =>
    isCanary.has(member) ? 'chosen or named for the stage, ' : ''
  const waiting = are('waiting')
  const isNamed = new Set(waiting)
  const unseen =
    state === 'watching' || stageStart.awaitsGates === true || unseenIn(view) === undefined
      ? []
      : view.unseen.filter(member => !isNamed.has(member))
  return [
    awaited('waiting', waiting, member => sayCanary(member) + sayWaiting(member, view)),
    awaited('baking', are('baking'), member => sayCanary(member) + sayBaking(member, view)),
    awaited('not-seen', unseen, member => sayHeard(wordOf(member), view)),
  ].filter(({ clients }) => clients > 0)
}

/** The same for people, a line a client. */
export function sayAwaited({ is, clients, named }: Awaited): readonly string[] {
  const more = clients - named.length
  return [
    ...named.map(({ clientId, says }) => `${clientId}: ${is}; ${says}`),
    ...(more > 0 ? [`and ${more} more: ${is}`] : []),
  ]
}

function awaited(is: Awaited['is'], members: readonly Member[], say: (member: Member) => string): Awaited {
  const named = members.slice(0, MOST_NAMED).map(member => {
    const { clientId, identity } = member
    return { clientId, instanceId: identity.instanceId, says: say(member) }
  })
  return { is, clients: members.length, named }
}

/** What a client does in the place of running the candidate. */
function sayWaiting(member: Member, view: StageView): string {
  const word = wordOf(member, one => !runs(one, view.tried))
  const { phase, digest, sinceMs } = word
  const forMs = sinceMs + Math.max(0, view.nowMs - heardMs(word))
  const isRunning = (phase === 'applied' || phase === 'healthy') && digest !== undefined
  const does = isRunning ? `still runs ${digest.slice(0, 12)}` : `${phase} for ${sayTime(forMs)}`
  const unseen = view.unseen.includes(member) ? ', has not seen the release of the stage' : ''
  return `${does}${unseen}, ${sayHeard(word, view)}`
}

function sayBaking(member: Member, view: StageView): string {
  const { bakeMs } = view.plan
  const word = wordOf(member, ({ sinceMs }) => sinceMs < bakeMs)
  const leftMs = bakeMs - word.sinceMs - (view.nowMs - heardMs(word))
  const left = leftMs > 0 ? `${sayLeft(leftMs, bakeMs)} left` : 'the report of its end is due'
  return `${left}, ${sayHeard(word, view)}`
}

function sayHeard(word: ClientReport, { nowMs }: Pick<StageView, 'nowMs'>): string {
  return `heard ${sayTime(nowMs - heardMs(word))} ago`
}

/** Of the processes of a client the first one that is meant, or else its last. */
function wordOf(
  { current, words }: Member,
  isMeant: (word: ClientReport) => boolean = () => true,
): ClientReport {
  const running = current.filter(({ phase }) => phase !== 'stopped')
  return running.find(isMeant) ?? running.at(-1) ?? (words.at(-1) as ClientReport)
}
