// The server of the line protocol: releases and snapshots in memory, filled by a publisher, read by
// a fleet.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { comparePositions, parseNamespace } from 'noticeboard/core'
import { linesOf, MAX_LINE } from './line-mirror.mjs'

/** @import { Socket } from 'node:net' */

/** How often a watch shows that it lives, in milliseconds. */
const HEARTBEAT_MS = 5_000

/**
 * Listens on this machine. Port 0 takes a free one.
 * @param {{ port?: number, token: string }} options
 */
export async function boardServer({ port = 0, token }) {
  /** @type {Map<string, string>} namespace -> release */
  const releases = new Map()
  /** @type {Map<string, string>} namespace and digest -> snapshot */
  const snapshots = new Map()
  /** @type {Set<(namespace: string) => void>} */
  const watchers = new Set()
  /** @type {Set<Socket>} */
  const sockets = new Set()

  /** @param {Socket} socket @param {string} line */
  const answer = (socket, line) => {
    const [word = '', ...words] = line.split(' ')
    const [namespace = '', digest = ''] = words
    /** The rest of the line after that many words. @param {number} count */
    const after = count => line.split(' ').slice(count).join(' ')
    if (word === 'token') {
      if (words[0] !== token) return socket.write('unauthorized this token may not write\n')
      return change(socket, after(2))
    }
    if (word === 'latest')
      return socket.write(releases.has(namespace) ? `release ${releases.get(namespace)}\n` : 'none\n')
    if (word === 'snapshot') {
      const text = snapshots.get(`${namespace} ${digest}`)
      return socket.write(text === undefined ? 'missing\n' : `snapshot ${text}\n`)
    }
    if (word === 'watch') return watch(socket, words)
    return socket.write('forbidden there is no such request\n')
  }

  /** @param {Socket} socket */
  const answerAll = async socket => {
    try {
      // Not by node:readline, which from Node 24 on ends a line at U+2028 too; a document may hold
      // that.
      for await (const line of linesOf(socket, MAX_LINE)) answer(socket, line)
    } catch {
      // What a stranger sends, and a connection that is lost, must not end the server.
      if (!socket.destroyed) socket.end('forbidden the request makes no sense\n')
    }
  }

  /** @param {Socket} socket @param {string} line */
  const change = (socket, line) => {
    const [word = '', namespace = ''] = line.split(' ')
    parseNamespace(namespace)
    if (word === 'put') {
      const digest = line.split(' ')[2] ?? ''
      snapshots.set(`${namespace} ${digest}`, line.slice(`put ${namespace} ${digest} `.length))
    } else if (word === 'announce') {
      const text = line.slice(`announce ${namespace} `.length)
      const before = releases.get(namespace)
      // Of two publishers the slower one must not take the newer release back.
      if (
        before === undefined ||
        comparePositions(JSON.parse(text).release, JSON.parse(before).release) === 'newer'
      ) {
        releases.set(namespace, text)
        for (const tell of watchers) tell(namespace)
      }
    }
    return socket.write('ok\n')
  }

  /** @param {Socket} socket @param {readonly string[]} namespaces */
  const watch = (socket, namespaces) => {
    /** What the reader has not been told yet; only the newest of each is ever told. */
    const due = new Set(namespaces)
    const tell = () => {
      for (const namespace of due) {
        // A reader that does not keep up is told when it has read what is on its way.
        if (socket.writableNeedDrain) return
        due.delete(namespace)
        if (releases.has(namespace)) socket.write(`release ${namespace} ${releases.get(namespace)}\n`)
      }
    }
    /** @param {string} namespace */
    const changed = namespace => {
      if (namespaces.includes(namespace)) due.add(namespace)
      tell()
    }
    const heartbeat = setInterval(
      () => socket.writableNeedDrain || socket.write(`alive ${HEARTBEAT_MS}\n`),
      HEARTBEAT_MS,
    )
    watchers.add(changed)
    socket.on('drain', tell)
    socket.on('close', () => {
      watchers.delete(changed)
      clearInterval(heartbeat)
    })
    socket.write(`alive ${HEARTBEAT_MS}\n`)
    tell()
  }

  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    void answerAll(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    snapshots,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
