import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** A port of 127.0.0.1 that nobody takes while its owner does not listen on it. */
export interface HeldPort {
  readonly port: number
  /** Gives it back. Twice is harmless. */
  release(): Promise<void>
}

/**
 * Holds a port for what listens, stops and listens there again. Below the range from which the
 * system hands out ports by itself, so that no connection and no `listen(0)` gets it meanwhile; and
 * the port above it is listened on until the release, so that no other test that holds a port gets
 * it either.
 */
export async function holdPort({ first, last }: PortRange = OURS): Promise<HeldPort> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const port = first + 2 * randomInt((last - first + 1) / 2)
    const guard = await listening(port + 1)
    if (guard === undefined) continue
    const probe = await listening(port)
    if (probe !== undefined) {
      await ended(probe)
      return { port, release: () => ended(guard) }
    }
    await ended(guard)
  }
  throw new Error(`no port from ${first} to ${last} is free`)
}

/** From an even port to an odd one. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/**
 * Linux hands out ports from 32,768 on, and other systems from 49,152; below lie those of
 * well-known services.
 */
const OURS: PortRange = { first: 10_000, last: 29_999 }

/** A listener that keeps no process alive; undefined where somebody else listens. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1').unref()
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined
    throw error
  }
}

function ended(server: Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()))
}
