import { hybrid, push } from 'noticeboard'
import { memory } from 'noticeboard/transports/memory'

const { watch, ...unwatchable } = memory()

export const refused = push(unwatchable)
export type Watch = typeof watch
