// The floor: a bare node:http server that has its answers ready, and compares one header. With
// `digested` it makes a text and a digest of that document for each request: the negative control.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { answerQuestions, settings } from '../child.js'

const { etag, headers, body, digested } = settings
const bytes = Buffer.from(body)
const found = { ...headers, 'Content-Length': String(bytes.length) }
const unchanged = { 'Cache-Control': headers['Cache-Control'], ETag: etag }

const server = createServer((req, res) => {
  if (digested !== undefined)
    res.setHeader('X-Digest', createHash('sha256').update(JSON.stringify(digested)).digest('hex'))
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, unchanged)
    res.end()
  } else {
    res.writeHead(200, found)
    res.end(bytes)
  }
})
await new Promise(resolve => server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(undefined)))

answerQuestions({ port: () => /** @type {import('node:net').AddressInfo} */ (server.address()).port })
