import { createHash } from 'node:crypto'
import { createHandler, type Handler } from '../../../../src/server/handler.js'
import { memory } from '../../../../src/transports/memory.js'
import type { Json } from '../../../../src/contracts/json.js'
import { SECRET, violation } from '../oracle.js'
import { documents, releases, reports } from '../seeds.js'
import { damagedJson, type Target } from '../target.js'

const TOKEN = 'token'
const MAX_INSTANCES = 50
const withReleases: readonly Json[] = releases.map(file => ({
  release: JSON.stringify(file),
  audit: '{"nonce":"0","reason":"r","v":1}',
  urgent: true,
}))
const drawReports = damagedJson([{ reports }, { reports: [reports[0]!, 1, null] }])
const drawAppend = damagedJson(withReleases)
const drawDocument = damagedJson(documents)

const CODES =
  /^(?:not-found|forbidden|unauthorized|conflict|invalid-data|digest-mismatch|too-large|unsupported|store-damaged|invalid-option|unavailable)$/
const NONE = new AbortController().signal

interface Board {
  readonly handler: Handler
  readonly store: ReturnType<typeof memory>
}

let board: Board | undefined

/** One board for all inputs: what an earlier one left must not trip a later one. */
function open(): Board {
  if (board !== undefined) return board
  const store = memory()
  board = { store, handler: createHandler(store, { write: { token: TOKEN }, maxInstances: MAX_INSTANCES }) }
  return board
}

/** Everything that a body can be sent to, as the server hears it. */
export const bodies: Target = {
  name: 'request bodies',
  weight: 1.5,
  draw: chance => chance.pick([drawReports, drawReports, drawAppend, drawDocument])(chance),
  async check(bytes, chance) {
    const { handler } = open()
    const digest = createHash('sha256').update(bytes).digest('hex')
    const [method, path, token] = chance.pick([
      ['POST', 'v1/checkout/prod/~reports', undefined],
      ['POST', 'v1/checkout/prod/~releases', TOKEN],
      ['PUT', `v1/checkout/prod/snapshots/${digest}.json`, TOKEN],
      ['PUT', 'v1/checkout/prod/schema.json', TOKEN],
    ] as const)
    const response = await handler.fetch(
      new Request(`http://127.0.0.1/${path}`, {
        method,
        body: Uint8Array.from(bytes),
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
      }),
    )
    const answer = await response.text()
    if (response.status >= 500) throw violation(`the server fails with ${response.status}: ${answer}`)
    if (response.status >= 400) {
      const { error } = JSON.parse(answer) as { readonly error: { readonly code: string } }
      if (!CODES.test(error.code)) throw violation(`the server answers with the code ${error.code}`)
      if (answer.includes(SECRET)) throw violation('an answer quotes a value')
    }
    if (chance.oneIn(500)) await checkReports()
  },
}

/** Whatever was posted, what is given back is bounded, and each is a report. */
async function checkReports(): Promise<void> {
  const { handler, store } = open()
  const request = new Request('http://127.0.0.1/v1/checkout/prod/~reports', {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  const response = await handler.fetch(request)
  if (response.status !== 200) throw violation(`the reports cannot be read any more: ${response.status}`)
  const { reports: known } = await store.reports({ namespace: 'checkout/prod' }, NONE)
  const { reports: given } = (await response.json()) as { readonly reports: readonly unknown[] }
  if (given.length > MAX_INSTANCES + known.length) throw violation('more reports are kept than there may be')
}

/** Ends what the inputs began. */
export async function closeBodies(): Promise<void> {
  await board?.handler.close({ drainMs: 0, graceMs: 0 })
  board = undefined
}
