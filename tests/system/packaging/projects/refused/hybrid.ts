import { hybrid, push } from 'noticeboard'
import { memory } from 'noticeboard/transports/memory'

const { watch, ...unwatchable } = memory()

export const refused = hybrid(unwatchable)
export type Watch = typeof watch
