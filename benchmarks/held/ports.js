import { readFileSync } from 'node:fs'

/** The lowest port that readers take for their own: below are those of services. */
const lowest = 10_000

/**
 * From where processes may each open `share` connections, of which one port gets `toOne` together.
 * The system gives connections of one address to one server only so many ports (28,232 by default),
 * past which it refuses them. So each process has an address of its own of the loopback, and ports
 * below those that the system gives away, which nobody else is given meanwhile. Undefined where the
 * system's own are enough, or where it does not tell them.
 * @param {{ share: number, toOne: number, range?: readonly [number, number] | undefined }} asked
 * @returns {((index: number) => { address: string, firstPort: number }) | undefined}
 */
export function placesFor({ share, toOne, range = rangeHere() }) {
  if (range === undefined) return undefined
  const [low, high] = range
  // Others on this machine connect, too.
  if (toOne <= (high - low + 1) / 2) return undefined
  if (lowest + share > low)
    throw new Error(
      `${toOne} connections to one server take more ports than net.ipv4.ip_local_port_range, ${low} to ${high}, leaves to them`,
    )
  return index => ({ address: `127.0.0.${2 + index}`, firstPort: lowest })
}

/** @returns {[number, number] | undefined} */
function rangeHere() {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    const [low = Number.NaN, high = Number.NaN] = text.trim().split(/\s+/).map(Number)
    return [low, high]
  } catch {
    // Not Linux.
    return undefined
  }
}
