import type { NoticeboardError } from '../contracts/errors.js'
import type { Tended } from '../publisher/rollouts/tend.js'

/** What a controller last found in a namespace; see `standings` of a controller. */
export type ControllerFinding =
  | Tended
  /** It could not look, or could not take the step that follows; it tries again. */
  | { readonly type: 'failed'; readonly error: NoticeboardError }

/** A rollout that stays where it is. */
export type Standing = Extract<Tended, { readonly type: 'stands' }>

/** What gates that do not know hold a stage up with. */
export function silentGates({ explanation }: Standing): readonly string[] {
  return (explanation?.unknowns ?? []).flatMap(({ kind, text }) => (kind === 'gate-unknown' ? [text] : []))
}
