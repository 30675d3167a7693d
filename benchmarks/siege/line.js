// The line that strangers are on: on one machine they would bring gigabytes a second, which
// nobody's line carries.
import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from '../clock.js'

/**
 * A line that carries so many bytes a second. `send` resolves when it is free, and takes it for so
 * many bytes.
 * @param {number} bytesASecond
 */
export function createLine(bytesASecond) {
  let freeAtMs = nowMs()
  return {
    /** @param {number} bytes */
    async send(bytes) {
      const startMs = Math.max(freeAtMs, nowMs())
      freeAtMs = startMs + (1_000 * bytes) / bytesASecond
      await sleep(startMs - nowMs())
    },
  }
}

/** @typedef {ReturnType<typeof createLine>} Line */
