import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createPublisher, type Publisher } from '../../src/publisher/index.js'
import type { Schema } from '../../src/contracts/schema.js'
import { fileStore } from '../../src/node/index.js'
import { serve, type Server } from '../../src/server/index.js'
import { root } from '../../scripts/entry-points.js'

export const examples = join(root, 'examples')

/** A folder of a test's own, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-example-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export interface Board {
  readonly server: Server
  readonly token: string
  publisher<Input, Output>(namespace: string, schema: Schema<Input, Output>): Publisher<Input>
}

/** A server on a board of a test's own. */
export async function openBoard(): Promise<Board> {
  const token = 'a-token-for-tests'
  const store = fileStore(join(temporaryFolder(), 'board'))
  const server = await serve(store, { write: { token }, heartbeatMs: 500 })
  onTestFinished(async () => {
    await server.close({ drainMs: 0 })
    await store.close()
  })
  return {
    server,
    token,
    publisher: (namespace, schema) => createPublisher({ namespace, schema, store }),
  }
}
