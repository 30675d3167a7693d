import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

/** A web server that knows files and nothing else. */
export interface FolderServer extends AsyncDisposable {
  readonly url: string
  /** Methods of the requests that were not for reading. */
  readonly refused: readonly string[]
}

/**
 * Serves a folder as any web server does: GET, 404 for what is not there, and 405 for everything
 * else.
 */
export async function serveFolder(folder: string): Promise<FolderServer> {
  const refused: string[] = []
  const server = createServer((req, res) => {
    if (req.method !== 'GET') {
      refused.push(req.method ?? '')
      res.writeHead(405).end()
      return
    }
    const path = join(folder, normalize(new URL(req.url ?? '/', 'http://localhost').pathname))
    void stat(path).then(
      found => {
        if (!found.isFile()) return res.writeHead(404).end()
        res.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' })
        return createReadStream(path).pipe(res)
      },
      () => res.writeHead(404, { 'Cache-Control': 'no-store' }).end(),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
