import type { HandlerOptions } from '../../../src/server/options.js'
import { seededDice } from '../../../src/sim/dice.js'

/**
 * How the servers of one history are configured, and what those who ask them have to know of it.
 */
export interface Configuration {
  /** The address that clients and publishers were given. */
  readonly base: string
  /** Who may read sends it; undefined where everybody may. */
  readonly readToken: string | undefined
  readonly options: Pick<HandlerOptions, 'prefix' | 'read' | 'hosts' | 'origins'>
}

/** Whom a server with a list of origins trusts. */
export const FRIEND = 'https://admin.test'

const READ_TOKEN = 'a-reading-token-for-the-simulation'

/** Servers with nothing but a token for writing. */
export const PLAIN: Configuration = { base: 'http://board.test', readToken: undefined, options: {} }

/**
 * Draws it: half of the histories have servers with nothing but a token for writing, the others
 * with some of what there is.
 */
export function configurationOf(seed: number): Configuration {
  const dice = seededDice(seed, 'configuration')
  const [plain, mounted, closed, named, befriended] = Array.from({ length: 5 }, () => dice.chance(0.5))
  if (plain === true) return PLAIN
  return {
    base: mounted === true ? 'http://board.test/board' : 'http://board.test',
    readToken: closed === true ? READ_TOKEN : undefined,
    options: {
      ...(mounted === true && { prefix: '/board/' }),
      ...(closed === true && { read: { token: READ_TOKEN } }),
      ...(named === true && { hosts: ['board.test', 'board.internal:8420'] }),
      ...(befriended === true && { origins: [FRIEND] }),
    },
  }
}
