import type { Build, Document } from '../../builds.js'
import type { Dice } from '../../../../../src/sim/dice.js'

/** What a document does to the processes that meet it. */
export type Effect =
  | { readonly type: 'fine' }
  /** It ends the process, each time anew. */
  | { readonly type: 'deadly'; readonly in: 'schema' | 'validator'; readonly of: Share }
  | { readonly type: 'deadly'; readonly in: 'application'; readonly afterMs: number; readonly of: Share }
  /** A validator of some builds refuses it. */
  | { readonly type: 'refused'; readonly of: Share }
  /** The application is not well with it, and its probe says so. */
  | { readonly type: 'sick'; readonly of: Share }

/** Which builds an effect is on. */
export type Share = 'all' | 'b2'

/** Whether an effect is on a build. */
export function isOf(share: Share, build: Build): boolean {
  return share === 'all' || build === share
}

/** How long a client has to run a candidate, in milliseconds. */
export const BAKE_MS = 20_000

/** Draws what a document does: well over half of them do nothing. */
export function drawEffect(dice: Dice): Effect {
  if (dice.chance(0.45)) return { type: 'fine' }
  const of: Share = dice.chance(0.75) ? 'all' : 'b2'
  const type = dice.pick([
    'schema',
    'validator',
    'application',
    'application',
    'refused',
    'refused',
    'sick',
  ] as const)
  switch (type) {
    case 'schema':
    case 'validator':
      return { type: 'deadly', in: type, of }
    case 'application':
      return { type: 'deadly', in: type, afterMs: dice.pick([0, 300, dice.between(1_000, BAKE_MS / 2)]), of }
    case 'refused':
    case 'sick':
      return { type, of }
  }
}

/** What every document does, known to the scene and to nobody else. */
export interface Effects {
  add(document: Document, effect: Effect): void
  of(n: number): Effect
  /** Whether it ever did harm. */
  harmed(n: number): boolean
}

/** Makes {@link Effects}. A document that was patched does what it did before. */
export function createEffects(): Effects {
  const known = new Map<number, Effect>()
  const harmful = new Set<number>()
  return {
    add({ n }, effect) {
      known.set(n, effect)
      if (effect.type !== 'fine') harmful.add(n)
    },
    harmed: n => harmful.has(n),
    of: n => known.get(n) ?? { type: 'fine' },
  }
}
