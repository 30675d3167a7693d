import { hybrid, push, pull } from 'noticeboard'
import { http } from 'noticeboard/transports/http'
import { memory } from 'noticeboard/transports/memory'

const watchable = http('http://localhost:1')
const { watch, ...unwatchable } = memory()

export const fine = [
  hybrid(watchable),
  push(watchable),
  pull(unwatchable),
  hybrid({ notify: watchable, fetch: unwatchable }),
]
export type Watch = typeof watch
