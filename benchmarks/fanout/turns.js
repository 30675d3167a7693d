// How long a process works in one turn of its event loop, in processor time: what other processes
// take is not its fault.

let longestMs = 0
let isWatching = false

/** Looks at each turn from now on, and never lets the loop sleep. */
export function watchTurns() {
  longestMs = 0
  isWatching = true
  let before = usedMs()
  const look = () => {
    const now = usedMs()
    longestMs = Math.max(longestMs, now - before)
    before = now
    if (isWatching) setImmediate(look)
  }
  setImmediate(look)
}

/** The longest turn since, in milliseconds of all threads; looks no more. */
export function longestTurnMs() {
  isWatching = false
  return longestMs
}

function usedMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
