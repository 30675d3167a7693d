import type { Strategy } from '../../../src/contracts/strategy.js'
import type { WatchTransport } from '../../../src/contracts/transport.js'
import { adaptivePull } from '../../../src/compare/index.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'

/** A strategy as it is tried: one line of the table. */
export interface StrategySibling {
  /** The exported function that makes it. */
  readonly maker: string
  readonly what: string
  readonly make: (transport: WatchTransport, options?: object) => Strategy
  /** Given the wrong thing instead of a transport. */
  readonly makeOf: (thing: never) => Strategy
}

/** From its first minute on it asks as seldom as pull does. */
const ADAPTIVE = { share: 0.5, leastMs: 5_000, mostMs: 30_000 }

/** Every strategy. The next one is one more entry. */
export const strategySiblings: readonly StrategySibling[] = [
  { maker: 'pull', what: 'pull', make: pull, makeOf: pull },
  { maker: 'push', what: 'push', make: push, makeOf: push },
  {
    maker: 'hybrid',
    what: 'hybrid',
    make: (transport, options) => hybrid(transport, options),
    makeOf: hybrid,
  },
  {
    maker: 'hybrid',
    what: 'hybrid over two transports',
    make: (transport, options) => hybrid({ notify: transport, fetch: transport }, options),
    makeOf: thing => hybrid({ notify: thing, fetch: thing }),
  },
  {
    maker: 'adaptivePull',
    what: 'adaptivePull',
    make: (transport, options) => adaptivePull(transport, { ...ADAPTIVE, ...options }),
    makeOf: thing => adaptivePull(thing, ADAPTIVE),
  },
  { maker: 'onDemand', what: 'onDemand', make: onDemand, makeOf: onDemand },
]
