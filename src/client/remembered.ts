import type { Identity } from '../contracts/identity.js'
import type { SavedState } from '../contracts/state.js'

/** What goes over from one life to the next. */
export interface Remembered {
  readonly name: Pick<Identity, 'clientId' | 'ephemeral'>
  readonly state: SavedState
}
