import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { holdPort } from '../../support/held-port.js'

/** What happens to bytes on their way. */
export type Injury =
  | { readonly type: 'none' }
  /** Everything comes, later. */
  | { readonly type: 'delay'; readonly delayMs: number }
  /**
   * Nothing comes any more, on connections that stay open for ever: their other end is gone and
   * nobody said so.
   */
  | { readonly type: 'half-open' }
  /** Connections are reset, and new ones at their first byte. */
  | { readonly type: 'reset' }
  /** Half of what the server sends next comes, then the connection ends. */
  | { readonly type: 'truncate' }
  /** What the server sends comes one byte at a time. */
  | { readonly type: 'bytewise'; readonly everyMs: number }
  /** Nobody listens. */
  | { readonly type: 'refuse' }
  /** Connections are accepted and ended. */
  | { readonly type: 'hang-up' }

/**
 * A way to a server that can be injured. What was injured is not healed: only new connections are
 * well.
 */
export interface FaultProxy {
  readonly port: number
  /** Where new connections lead. */
  lead(port: number): void
  /** From now on, for connections that are there and those that come. */
  injure(injury: Injury): Promise<void>
  heal(): Promise<void>
  /** How many connections were made. */
  readonly connections: number
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  half: boolean
}

/** Starts a proxy on a port of its own. */
export async function faultProxy(): Promise<FaultProxy> {
  const pairs = new Set<Pair>()
  let target = 0
  let injury: Injury = { type: 'none' }
  let connections = 0

  const destroy = ({ near, far }: Pair): void => {
    near.destroy()
    far.destroy()
  }
  const reset = ({ near, far }: Pair): void => {
    near.resetAndDestroy()
    far.destroy()
  }

  /** Passes one piece on; where that takes a while, the pieces behind it wait. */
  const pass = async (pair: Pair, to: Socket, bytes: Buffer): Promise<void> => {
    const now = injury
    if (pair.half || now.type === 'half-open') {
      pair.half = true
      return
    }
    switch (now.type) {
      case 'reset':
        return reset(pair)
      case 'delay':
        await pauseFor(now.delayMs)
        break
      case 'truncate':
        if (to !== pair.near) break
        to.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => destroy(pair))
        return
      case 'bytewise':
        if (to !== pair.near) break
        for (let at = 0; at < bytes.length; at += 1) {
          // Whoever sat through the injury gets the rest at once.
          if (injury.type !== 'bytewise') return void to.write(bytes.subarray(at))
          to.write(bytes.subarray(at, at + 1))
          await pauseFor(now.everyMs)
        }
        return
      default:
    }
    if (!to.destroyed) to.write(bytes)
  }

  const forward = (pair: Pair, from: Socket, to: Socket): void => {
    let before: Promise<void> = Promise.resolve()
    from.on('data', bytes => {
      from.pause()
      before = before
        .then(() => pass(pair, to, bytes))
        .then(() => {
          // The other end of a dead connection fills the buffers of the system, and then waits.
          if (!pair.half) from.resume()
        })
    })
    from.on('end', () => void before.then(() => !pair.half && to.end()))
    from.on('close', () => void before.then(() => !pair.half && to.destroy()))
    from.on('error', () => !pair.half && to.destroy())
  }

  const listener = createServer({ allowHalfOpen: true }, near => {
    connections += 1
    near.on('error', () => {})
    if (injury.type === 'hang-up') return void near.destroy()
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const pair: Pair = { near, far, half: false }
    pairs.add(pair)
    near.on('close', () => pair.half || pairs.delete(pair))
    forward(pair, near, far)
    forward(pair, far, near)
  })
  const { port, release } = await holdPort()
  const listen = async (): Promise<void> => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  const endAll = async (how: (pair: Pair) => void): Promise<void> => {
    const closed = listener.listening ? new Promise(resolve => listener.close(resolve)) : undefined
    for (const pair of pairs) how(pair)
    pairs.clear()
    await closed
  }
  await listen()

  return {
    port,
    get connections() {
      return connections
    },
    lead(next) {
      target = next
    },
    async injure(next) {
      injury = next
      switch (next.type) {
        case 'half-open':
          for (const pair of pairs) {
            pair.half = true
            pair.near.pause()
            pair.far.pause()
          }
          break
        case 'reset':
          for (const pair of pairs) if (!pair.half) reset(pair)
          break
        case 'hang-up':
          for (const pair of pairs) if (!pair.half) destroy(pair)
          break
        case 'refuse':
          // Dead connections go too: else the listener would wait for them.
          await endAll(destroy)
          break
        default:
      }
    },
    async heal() {
      const closed = injury.type === 'refuse'
      injury = { type: 'none' }
      if (closed) await listen()
    },
    async close() {
      await endAll(destroy)
      await release()
    },
  }
}

/** Time on the outside, which is what is injured here. */
export function pauseFor(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, delayMs))
}
