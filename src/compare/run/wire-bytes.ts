import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * Counts the bytes of every connection that `fetch` of this process opens, both ways, until it is
 * stopped.
 */
export interface WireBytes {
  /** Until now. */
  read(): number
  stop(): void
}

/** Starts counting. */
export function countWireBytes(): WireBytes {
  const open = new Set<Socket>()
  let closed = 0
  const onConnected = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    open.add(socket)
    socket.once('close', () => {
      if (open.delete(socket)) closed += bytesOf(socket)
    })
  }
  subscribe('undici:client:connected', onConnected)
  return {
    read: () => [...open].reduce((sum, socket) => sum + bytesOf(socket), closed),
    stop: () => void unsubscribe('undici:client:connected', onConnected),
  }
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten
}
