// The server, which can be killed and started again on the same folder and port, and a publisher
// for each document.
import { randomBytes } from 'node:crypto'
import { createPublisher, everyone, httpStore } from 'noticeboard'
import { periods } from './periods.js'

/** @import { Publisher, Rollout } from 'noticeboard' */
/** @import { Child } from './processes.js' */

/**
 * @param {ReturnType<typeof import('./processes.js').createProcesses>} processes
 * @param {string} folder
 */
export function createBoard(processes, folder) {
  const token = randomBytes(24).toString('base64url')
  let port = 0
  /** @type {Child} */
  let server

  const storeNow = () => httpStore(`http://127.0.0.1:${port}`, { token })
  /** @param {Rollout} rollout */
  const releaseOf = async ({ digest, position }) => ({ digest, sequence: position.sequence })

  return {
    async start() {
      server = processes.start('server-process.js', { folder, port, token, heartbeatMs: periods.heartbeatMs })
      ;({ port } = await server.heard('ready'))
    },
    /** SIGKILL: no goodbye, nothing flushed. */
    kill: () => server.kill(),
    get port() {
      return port
    },
    /**
     * A publisher as an operator uses it.
     * @param {{ namespace: string, schema: import('zod').ZodType }} document
     */
    publisherOf: ({ namespace, schema }) =>
      createPublisher({ namespace, schema, store: storeNow(), author: 'demo' }),
    /** @param {Publisher} publisher @param {unknown} document @param {string} reason */
    publish: async (publisher, document, reason) =>
      releaseOf(await publisher.publish(document, { rollout: everyone(), reason })),
    /** When the newest release was made. @param {Publisher} publisher */
    issuedAt: async publisher => Date.parse((await publisher.current())?.release.issuedAt ?? ''),
    /** @param {Publisher} publisher @param {string} reason */
    rollback: async (publisher, reason) => releaseOf(await publisher.rollback({ reason })),
  }
}
