import type { Clock, Hasher, Platform, Random, System } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'
import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import { createSleep } from '../async/sleep.js'
import { createHold } from './hold.js'

/** The longest delay that a timer takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2_147_483_647

const after: Clock['after'] = (delayMs, callback) => {
  const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS))
  release(timer)
  return () => {
    hold(timer)
    clearTimeout(timer)
  }
}

/** The machine's clocks and timers. Timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  sleep: createSleep(after),
  turn() {
    return new Promise(resolve => {
      if (typeof setImmediate === 'function') setImmediate(resolve)
      else setTimeout(resolve, 0)
    })
  },
  hold: createHold(() => {
    const timer = setInterval(() => {}, MAX_DELAY_MS)
    return () => clearInterval(timer)
  }),
}

/** The machine's unpredictable bytes; numbers come from the fast generator. */
export const systemRandom: Random = {
  number: () => Math.random(),
  bytes: length => globalThis.crypto.getRandomValues(new Uint8Array(length)),
}

/** Node's own hash where there is one, a portable one in browsers and workers. */
export const systemHasher: Hasher = { sha256: nativeSha256() ?? portableSha256 }

/** The process this runs in, asked without an import that a browser bundle could not resolve. */
export const systemPlatform: Platform = {
  environment: name => globalThis.process?.env?.[name],
  environmentNames: prefix =>
    Object.keys(globalThis.process?.env ?? {}).filter(name => name.startsWith(prefix)),
  hostName() {
    // Edge runtimes that play Node lack some of its modules.
    const name = globalThis.process?.getBuiltinModule?.('node:os')?.hostname()
    // It tells no machine from another.
    return name === 'localhost' ? undefined : name || undefined
  },
  readFile: path => globalThis.process?.getBuiltinModule?.('node:fs')?.readFileSync(path),
}

/**
 * The given part of a system, and the machine's own for the rest. Throws `invalid-option` for a
 * part that there is none of.
 */
export function readSystem(name: string, given: Partial<System> | undefined): System {
  checkOptions<Partial<System>>(`the system of ${name}`, given, {
    clock: true,
    random: true,
    hasher: true,
    platform: true,
  })
  const {
    clock = systemClock,
    random = systemRandom,
    hasher = systemHasher,
    platform = systemPlatform,
  } = given ?? {}
  return { clock, random, hasher, platform }
}

function nativeSha256(): ((bytes: Uint8Array) => Uint8Array) | undefined {
  // Asking the process keeps this file free of imports that a browser bundle could not resolve.
  const builtin = globalThis.process?.getBuiltinModule?.('node:crypto')
  return builtin && (bytes => builtin.createHash('sha256').update(bytes).digest())
}

/**
 * Counts the timer as one of those that keep the process alive, for the moment before it is
 * cleared: only then Node forgets at once that there was one of its length. For the others it does
 * so when their time would have come, and each drawn length is another.
 */
function hold(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'ref' in timer) (timer as { ref(): void }).ref()
}

/**
 * Lets the process end although the timer is pending. Browsers' timers are numbers and hold
 * nothing.
 */
function release(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
}
