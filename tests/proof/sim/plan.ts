import type { Build } from './builds.js'
import { seededDice, type Dice } from '../../../src/sim/dice.js'
import { LINK_FAULTS } from '../../../src/sim/faults.js'

/** Each seed draws its own mix of these, since a mix of everything hides bugs. */
const COMMON = [
  ...LINK_FAULTS,
  'client-kill',
  'client-pause',
  'clock-jumps',
  'server-kill',
  'server-power',
  'server-backup',
  'second-server',
  'disk-full',
  'disk-sync-error',
  'disk-rot',
  'publisher-kill',
  'poison',
  'veto',
] as const

/**
 * Those that come by a chance of their own: what else happens in a history is the same with and
 * without them.
 */
const RARE = [
  'server-pause',
  'server-clock',
  'client-power',
  'client-disk',
  'board-rot',
  'clone',
  'slow-reader',
  'crash-on-poison',
  'lagging-replica',
  'redeploy',
  'island',
  'appointments',
  'contests',
  'board-back',
] as const

const RARELY = 0.05

/** How often those come that come more often than rarely. */
const OFTEN: Partial<Record<(typeof RARE)[number], number>> = {
  redeploy: 0.2,
  appointments: 0.15,
  contests: 0.1,
}

/** How long a client is cut off, in milliseconds: longer than any proof lasts. */
const ISLAND_MS = 45_000

/** What may go wrong in a history. */
export const FAULTS = [...COMMON, 'strangers', ...RARE] as const

export type Fault = (typeof FAULTS)[number]

/** The small worlds, of which each history plays one beside its fleet. */
const DRAWN_SCENES = [
  'fleet',
  'publishing',
  'reader',
  'serving',
  'sharing',
  'states',
  'stores',
  'strategies',
] as const

/**
 * Those that come by a chance of their own, so that the other histories stay as they are: how
 * often.
 */
const MORE_SCENES = {
  rollouts: 0.08,
  numbers: 0.05,
  restores: 0.03,
  forms: 0.05,
  compressed: 0.04,
  access: 0.03,
  together: 0.03,
} as const

/** All of them. */
export const SCENE_NAMES = [
  ...DRAWN_SCENES,
  'rollouts',
  'numbers',
  'restores',
  'forms',
  'compressed',
  'access',
  'together',
] as const

export type SceneName = (typeof SCENE_NAMES)[number]

export type StrategyName = 'pull' | 'push' | 'hybrid'

/** A history, drawn from its seed; the parts that shrinking may take away are plain data. */
export interface Plan {
  readonly seed: number
  readonly faults: ReadonlySet<Fault>
  readonly clients: readonly ClientPlan[]
  /** What publishers and operators do, and when. */
  readonly actions: readonly Action[]
  /** What is published when all is well again; `nothing` leaves it at what the chaos brought. */
  readonly last: 'publish' | 'rollback' | 'nothing'
  /** What happens while everything is well, when those who watch have to be told at once. */
  readonly calm: 'publish' | 'rollback' | 'race' | 'schedule'
  /** How long things go wrong, in virtual milliseconds. */
  readonly chaosMs: number
  /** Small worlds of their own that are played after it; none unless given. */
  readonly scenes?: readonly SceneName[]
}

export interface ClientPlan {
  readonly name: string
  /** What it tells the fleet that it is; its name unless it is somebody's copy. */
  readonly clientId?: string
  readonly strategy: StrategyName
  readonly relayed: boolean
  readonly state: boolean
  readonly region: 'eu' | 'us'
  /** Asks a relay of the relay. */
  readonly deep?: boolean
  readonly defaults?: boolean
  readonly overrides?: boolean
  /** The versions of its application, one a life. */
  readonly builds?: readonly Build[]
  /** Its application reads while it changes, and takes part. */
  readonly reads?: boolean
  /** Its process follows a second namespace. */
  readonly side?: boolean
}

export type Action = { readonly atMs: number } & (
  | {
      readonly type: 'publish' | 'rollback' | 'candidate' | 'burst' | 'race' | 'schedule' | 'contest' | 'side'
    }
  | { readonly type: 'poison' | 'crasher' }
  | { readonly type: 'fault'; readonly fault: Fault; readonly lastsMs: number }
)

/** What shrinking takes away from a plan. */
export interface Less {
  readonly scenes?: readonly SceneName[]
  readonly faults?: readonly Fault[]
  readonly clients?: readonly string[]
  /** Indices of actions. */
  readonly actions?: readonly number[]
}

/** Draws the plan of a seed, less what is taken away. */
export function drawPlan(seed: number, less: Less = {}): Plan {
  const dice = seededDice(seed, 'plan')
  const faults = new Set<Fault>(COMMON.filter(() => dice.chance(0.3)))
  const chaosMs = dice.between(6_000, 13_000)
  const clients = drawLives(seed, drawClients(dice))
  const drawn = drawActions(dice, faults, chaosMs)
  const visits = drawVisits(seededDice(seed, 'strangers'), chaosMs)
  if (visits.length > 0) faults.add('strangers')
  const rare = drawRare(seed, chaosMs)
  for (const action of rare) if (action.type === 'fault') faults.add(action.fault)
  const beside = drawBeside(seededDice(seed, 'beside'), clients, chaosMs)
  const actions = [...drawn, ...visits, ...rare, ...beside].sort((a, b) => a.atMs - b.atMs)
  // After a poisoned document only a good one says where everybody ought to be: a rollback may lead
  // back to it.
  const poisoned = faults.has('poison')
  const lastDrawn = poisoned ? 'publish' : dice.pick(['publish', 'rollback', 'nothing', 'nothing'] as const)
  const calmDrawn = dice.pick(
    poisoned ? (['publish', 'race'] as const) : (['publish', 'rollback', 'race'] as const),
  )
  const deadly = faults.has('crash-on-poison')
  const last = deadly ? 'publish' : lastDrawn
  const calm = deadly && calmDrawn === 'rollback' ? 'publish' : calmDrawn
  const ends = actions.flatMap(action =>
    action.type === 'fault' && (action.fault === 'island' || action.fault === 'board-back')
      ? action.atMs + action.lastsMs
      : [],
  )
  return {
    seed,
    chaosMs: Math.max(chaosMs, ...ends),
    last,
    calm: faults.has('appointments') && calm === 'publish' ? 'schedule' : calm,
    faults: new Set([...faults].filter(fault => !(less.faults ?? []).includes(fault))),
    clients: clients.filter(({ name }) => !(less.clients ?? []).includes(name)),
    scenes: drawScenes(seed).filter(name => !(less.scenes ?? []).includes(name)),
    actions: actions.filter(
      (action, index) =>
        !(less.actions ?? []).includes(index) &&
        !(action.type === 'fault' && (less.faults ?? []).includes(action.fault)),
    ),
  }
}

function drawScenes(seed: number): readonly SceneName[] {
  const drawn: SceneName = seededDice(seed, 'scenes').pick(DRAWN_SCENES)
  const more = (Object.keys(MORE_SCENES) as (keyof typeof MORE_SCENES)[]).filter(name =>
    seededDice(seed, name).chance(MORE_SCENES[name]),
  )
  return [drawn, ...more]
}

function drawClients(dice: Dice): ClientPlan[] {
  return Array.from({ length: dice.pick([1, 1, 2]) }, (_, index): ClientPlan => ({
    name: `client-${index}`,
    strategy: dice.pick(['pull', 'push', 'hybrid']),
    relayed: dice.chance(0.3),
    state: dice.chance(0.7),
    region: dice.pick(['eu', 'us']),
  }))
}

/** What else its clients are, by a chance of its own for each. */
function drawLives(seed: number, clients: readonly ClientPlan[]): ClientPlan[] {
  return clients.map(client => {
    const dice = seededDice(seed, `life of ${client.name}`)
    const [deep, defaults, overrides, next, changing, reads, side] = [
      0.4, 0.3, 0.2, 0.1, 0.25, 0.4, 0.15,
    ].map(chance => dice.chance(chance))
    return {
      ...client,
      ...(client.relayed && deep === true && { deep }),
      ...(defaults === true && { defaults }),
      ...(overrides === true && { overrides }),
      ...(changing === true
        ? {
            builds: dice.pick([
              ['b1', 'b2'],
              ['b2', 'b1'],
            ] as const),
          }
        : next === true && { builds: ['b2'] as const }),
      ...(reads === true && { reads }),
      ...(side === true && { side }),
    }
  })
}

/** What is published to the second namespace while somebody follows it. */
function drawBeside(dice: Dice, clients: readonly ClientPlan[], chaosMs: number): Action[] {
  if (!clients.some(({ side }) => side === true)) return []
  return [0, 1].map(() => ({ atMs: dice.between(500, chaosMs), type: 'side' }) as const)
}

function drawActions(dice: Dice, faults: ReadonlySet<Fault>, chaosMs: number): Action[] {
  const actions: Action[] = [{ atMs: dice.between(0, 2_000), type: 'publish' }]
  for (let left = dice.between(1, 2); left > 0; left -= 1) {
    const type = dice.pick([
      'publish',
      'publish',
      'publish',
      'rollback',
      'candidate',
      'candidate',
      'burst',
      'race',
    ] as const)
    actions.push({ atMs: dice.between(2_000, chaosMs), type })
  }
  if (faults.has('poison')) {
    const atMs = dice.between(2_000, chaosMs)
    actions.push({ atMs, type: 'poison' })
    // Somebody restarts while it is the newest: what was refused has to be remembered.
    for (let left = 2; left > 0; left -= 1)
      actions.push({
        atMs: Math.min(chaosMs, atMs + dice.between(1_000, 10_000)),
        type: 'fault',
        fault: 'client-kill',
        lastsMs: dice.between(500, 2_000),
      })
  }
  for (const fault of faults) {
    for (let left = dice.between(1, 2); left > 0; left -= 1) {
      const atMs = dice.between(1_000, chaosMs)
      actions.push({ atMs, type: 'fault', fault, lastsMs: dice.between(500, 20_000) })
      // What lies about answers matters only while there is something new to answer.
      if (fault === 'mangling-proxy' || fault === 'stale-proxy')
        actions.push({ atMs: Math.min(chaosMs, atMs + dice.between(200, 5_000)), type: 'publish' })
    }
  }
  return actions.sort((a, b) => a.atMs - b.atMs)
}

function drawVisits(dice: Dice, chaosMs: number): Action[] {
  if (!dice.chance(0.1)) return []
  const lastsMs = dice.between(6_000, 20_000)
  return [{ atMs: dice.between(2_000, chaosMs), type: 'fault', fault: 'strangers', lastsMs }]
}

function drawRare(seed: number, chaosMs: number): Action[] {
  const actions: Action[] = []
  for (const fault of RARE) {
    const dice = seededDice(seed, fault)
    if (!dice.chance(OFTEN[fault] ?? RARELY)) continue
    const atMs = dice.between(1_000, chaosMs)
    const lastsMs = dice.between(2_000, 20_000)
    actions.push({ atMs, type: 'fault', fault, lastsMs: fault === 'island' ? ISLAND_MS : lastsMs })
    if (fault === 'island') actions.push({ atMs: atMs + dice.between(1_000, 20_000), type: 'publish' })
    if (fault === 'appointments') actions.push({ atMs, type: 'schedule' })
    if (fault === 'contests') actions.push({ atMs, type: 'contest' })
    if (fault === 'board-back') {
      // First a copy is taken, and later put back; in between there is something to lose.
      const backMs = Math.min(chaosMs, atMs + dice.between(5_000, 15_000))
      for (let left = 2; left > 0; left -= 1)
        actions.push({ atMs: dice.between(atMs, backMs), type: 'publish' })
      actions.push({ atMs: backMs, type: 'fault', fault, lastsMs })
      actions.push({ atMs: Math.min(chaosMs, backMs + dice.between(3_000, 10_000)), type: 'publish' })
    }
    if (fault === 'redeploy')
      for (let left = 2; left > 0; left -= 1)
        actions.push({
          atMs: Math.min(chaosMs, atMs + dice.between(500, 6_000)),
          type: 'fault',
          fault,
          lastsMs,
        })
    // Who reads late or what is late matters only while there is something new to read.
    if (fault === 'slow-reader' || fault === 'lagging-replica')
      actions.push({ atMs: Math.min(chaosMs, atMs + dice.between(200, 5_000)), type: 'publish' })
    if (fault === 'crash-on-poison') actions.push({ atMs, type: 'crasher' })
  }
  return actions
}
