import type { RequestTimes } from '../population.js'

/** How many requests arrived in each millisecond, however many they are. */
export interface RequestClock {
  add(atMs: number): void
  since(ms: number): RequestTimes
}

const SECOND_MS = 1_000
const MINUTE_S = 60

/** A clock that no request was seen by. */
export function createRequestClock(): RequestClock {
  let perMs = new Uint32Array(2 ** 20)
  return {
    add(atMs) {
      const at = Math.floor(atMs)
      if (at >= perMs.length) {
        const longer = new Uint32Array(2 ** Math.ceil(Math.log2(at + 1)))
        longer.set(perMs)
        perMs = longer
      }
      perMs[at] = (perMs[at] as number) + 1
    },
    since(ms) {
      const from = Math.floor(ms)
      const eachSecond = Array.from({ length: MINUTE_S }, () => 0)
      let [inSecond, most] = [0, 0]
      for (let at = from; at < perMs.length; at += 1) {
        const count = perMs[at] as number
        const second = Math.floor((at - from) / SECOND_MS)
        if (second < MINUTE_S) eachSecond[second] = (eachSecond[second] as number) + count
        inSecond += count - (at - SECOND_MS >= from ? (perMs[at - SECOND_MS] as number) : 0)
        most = Math.max(most, inSecond)
      }
      return { busiestSecond: most, eachSecond }
    },
  }
}
