import { beforeAll, describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Transport } from '../../../src/contracts/transport.js'
import { createHandler, type Handler } from '../../../src/server/handler.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { EPOCH, NAMESPACE, releaseOf, snapshotOf } from '../../support/board-kit.js'
import { fleetReport } from '../../support/fleet-reports.js'
import { heapBytesOf, settle } from '../../support/heap.js'
import { scaled, SCALED_LIMIT_MS } from '../../support/scale.js'

const CLIENTS = 5_000
/** As many as a registry has room for, or a share of them. */
const MOST_CLIENTS = scaled({ share: 2_000, whole: 100_000 })
const A_BODY = 40
const STREAMS = 100

const released = releaseOf(snapshotOf({ pool: 1 }), { at: { epoch: EPOCH, sequence: 1 } })

/** Keeps no reports, so that what is weighed is what the server keeps. */
const transport: Transport = {
  name: 'silent',
  latest: async () => ({ type: 'release', bytes: released }),
  snapshot: async () => new Uint8Array(),
}

const post = async ({ fetch }: Handler, body: object): Promise<void> => {
  const request = new Request(`http://board.test/v1/${NAMESPACE}/~reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect((await fetch(request)).status).toBe(204)
}

const clock = virtualClock()
const open = (): Handler => createHandler(transport, { system: { clock } })

/** All clients report, some dozens in each body. */
async function report(
  handler: Handler,
  change: (report: ClientReport) => ClientReport = each => each,
  clients = CLIENTS,
): Promise<void> {
  for (let from = 0; from < clients; from += A_BODY) {
    const reports = Array.from({ length: A_BODY }, (_, at) => change(fleetReport(from + at)))
    await post(handler, { reports })
    // No more than an address may bring without a token.
    await clock.advance(100)
  }
}

/** What a client says that has refused nothing, and tells of no earlier life. */
function plain({ verdicts: _, previous: __, ...report }: ClientReport): ClientReport {
  return report
}

describe('the memory of a server', () => {
  // What a process loads and compiles once is no memory of any client.
  beforeAll(async () => report(open()), 120_000)

  test('is under 1 KB a client, of a fleet whose hosts, pods and earlier lives all differ', async () => {
    const bytes = await heapBytesOf(async () => {
      const handler = open()
      await report(handler)
      expect(handler.load.instances).toBe(CLIENTS)
      return handler
    })
    expect(bytes / CLIENTS).toBeLessThan(1_024)
  }, 120_000)

  test(
    `holds ${MOST_CLIENTS} clients, and is under 1 KB for each`,
    async () => {
      const bytes = await heapBytesOf(async () => {
        const handler = open()
        await report(handler, plain, MOST_CLIENTS)
        expect(handler.load.instances).toBe(MOST_CLIENTS)
        return handler
      })
      expect(bytes / MOST_CLIENTS).toBeLessThan(1_024)
      process.stdout.write(`${Math.round(bytes / MOST_CLIENTS)} bytes a client of ${MOST_CLIENTS}\n`)
    },
    SCALED_LIMIT_MS,
  )

  test('stays so while all of them go on to report, and say something else', async () => {
    const bytes = await heapBytesOf(async () => {
      const handler = open()
      for (const round of [1, 2, 3])
        await report(handler, each => ({
          ...each,
          count: 6_000 + round,
          version: round,
          strategy: `s${round}`,
        }))
      return handler
    })
    expect(bytes / CLIENTS).toBeLessThan(1_024)
  }, 120_000)

  test('holds nothing of what came beside a report in its body', async () => {
    const bytes = await heapBytesOf(async () => {
      const handler = open()
      for (let index = 0; index < 100; index += 1)
        await post(handler, { reports: [fleetReport(index)], comment: 'x'.repeat(100_000) })
      return handler
    })
    // A hundred of its words take less than the comment of one.
    expect(bytes).toBeLessThan(1_000_000)
  })

  test('keeps nothing of what it read a request by, once a token has opened the stream', async () => {
    const token = 'a-token-of-a-server'
    const handler = createHandler(transport, { system: { clock }, read: { token } })
    const read: WeakRef<Headers>[] = []
    const opened: unknown[] = []
    for (let index = 0; index < STREAMS; index += 1) {
      const request = new Request(`http://board.test/v1/~events?ns=${NAMESPACE}`)
      // The request itself lives as long as its signal, so its headers are of whoever asks for
      // them.
      Object.defineProperty(request, 'headers', {
        get() {
          const headers = new Headers({ authorization: `Bearer ${token}` })
          read.push(new WeakRef(headers))
          return headers
        },
      })
      opened.push((await handler.fetch(request)).body)
    }
    await settle()
    expect(handler.load.connections).toBe(STREAMS)
    expect(opened).toHaveLength(STREAMS)
    expect(read.length).toBeGreaterThanOrEqual(STREAMS)
    // What the last turns of the loop left on the stack may go a little later.
    expect(read.filter(headers => headers.deref() !== undefined).length).toBeLessThan(STREAMS / 10)
  })

  test('is seen to be more where reports are kept as they came', async () => {
    const bytes = await heapBytesOf(async () =>
      Array.from({ length: CLIENTS }, (_, index) => JSON.parse(JSON.stringify(fleetReport(index))) as object),
    )
    expect(bytes / CLIENTS).toBeGreaterThan(1_024)
  })
})
