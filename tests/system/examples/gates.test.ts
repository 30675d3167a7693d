import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { approvalGate } from '../../../examples/gates/approval-gate.mjs'
import { httpGate } from '../../../examples/gates/http-gate.mjs'
import { prometheusGate } from '../../../examples/gates/prometheus-gate.mjs'
import type { Gate, GateQuestion } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { push } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'
import { temporaryFolder } from '../../support/place.js'
import { PERIODS, startFleet, whenHeard } from '../../support/rollouts/same-rollout.js'

const never = new AbortController().signal
const question: GateQuestion = {
  namespace: 'checkout/prod',
  rollout: 'r1',
  stage: 0,
  candidate: ['sha256-x'],
  since: undefined,
  fleet: { type: 'unknown', why: 'never-heard' },
}

/** A server that answers as a Prometheus and as a service, with what a test sets. */
async function metrics() {
  const says = { status: 200, values: ['0.2'] as readonly string[], asked: [] as string[] }
  const server = createServer((req, res) => {
    void (async () => {
      let body = ''
      for await (const chunk of req) body += String(chunk)
      if (req.url === '/api/v1/query') says.asked.push(new URLSearchParams(body).get('query') ?? '')
      const result = says.values.map(value => ({ metric: {}, value: [1_700_000_000, value] }))
      res.writeHead(says.status, { 'Content-Type': 'application/json' })
      res.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(says, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

test.each([
  [200, ['0.2', '0.4'], 'good'],
  [200, ['0.2', '0.9'], { verdict: 'bad', why: '0.9 is above 0.5' }],
  [200, [], { verdict: 'unknown', why: 'the query found nothing' }],
  [200, ['NaN'], { verdict: 'unknown', why: 'the query found no number' }],
  [503, ['0.2'], { verdict: 'unknown', why: 'Prometheus answered 503' }],
] as const)('a Prometheus that answers %s with %j', async (status, values, expected) => {
  const says = Object.assign(await metrics(), { status, values })
  const query = ({ candidate }: GateQuestion) => `latency{digest="${candidate.join()}"}`
  const gate = prometheusGate({ name: 'latency', url: says.url, query, max: 0.5 })
  expect(await gate.check(question, never)).toEqual(expected)
  expect(says.asked).toEqual(['latency{digest="sha256-x"}'])
})

test.each([
  [204, 'good'],
  [503, { verdict: 'bad', why: 'it answered 503' }],
  [404, { verdict: 'unknown', why: 'it answered 404' }],
] as const)('a probe that is answered with %s', async (status, expected) => {
  const says = Object.assign(await metrics(), { status })
  expect(await httpGate({ name: 'health', url: `${says.url}/healthz` }).check(question, never)).toEqual(
    expected,
  )
})

/** A fleet that was heard, whose publisher and controller have the gates. */
async function gatedFleet(gates: readonly Gate[]) {
  const store = memory()
  const fleet = await startFleet({
    store,
    gates,
    strategy: ({ pollIntervalMs }) => push(store, { pollIntervalMs, backoff: { baseMs: 50, capMs: 500 } }),
  })
  await whenHeard(fleet)
  return fleet
}

test('a gate that is red blocks the start, holds a stage and lets it go on by itself; one that only records is written down', async () => {
  const says = await metrics()
  const latency = prometheusGate({ name: 'latency', url: says.url, query: 'latency', max: 0.5 })
  const record = httpGate({ name: 'smoke', url: `${says.url}/smoke`, onBad: 'record' })
  // Red from the first look on, and nothing comes of it.
  const smoke: Gate = { ...record, check: () => ({ verdict: 'bad', why: 'it answered 503' }) }
  const gates = [latency, smoke]
  await using fleet = await gatedFleet(gates)
  const { publisher, clients, until } = fleet
  const publish = () =>
    publisher.publish(
      { pool: 2 },
      { rollout: staged({ ...PERIODS, stages: [1, 'all'], gates }), reason: 'more load' },
    )

  says.values = ['0.9']
  await expect(publish()).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('gate latency is red: 0.9 is above 0.5'),
  })
  expect(await fleet.releases()).toHaveLength(1)

  says.values = ['0.2']
  const rollout = await publish()
  says.values = ['0.8']
  const heldUp = async () => {
    for await (const step of rollout) if (step.isPaused) return step
    return undefined
  }
  expect((await heldUp())?.why).toContain('gate latency is red: 0.8 is above 0.5')
  // A pause of its own appends nothing, and nobody more is exposed.
  expect(await fleet.releases()).toHaveLength(2)
  expect(clients.filter(({ current }) => current.pool === 2)).toHaveLength(1)

  says.values = ['0.2']
  await until('everybody runs it', () => clients.every(({ current }) => current.pool === 2))
  const evidence: string[] = []
  for await (const { audit } of publisher.history()) evidence.push(audit?.reason ?? '')
  expect(evidence.join('\n')).toContain('gate smoke is red and only recorded: it answered 503')
}, 180_000)

test('an approval is waited for after the first stage, and lets the rollout go on by itself', async () => {
  const folder = temporaryFolder()
  const gates = [approvalGate({ folder })]
  await using fleet = await gatedFleet(gates)
  const { publisher, clients, until } = fleet
  const rollout = await publisher.publish(
    { pool: 2 },
    { rollout: staged({ ...PERIODS, stages: [1, 'all'], gates }), reason: 'more load' },
  )
  const waits = `gate approval does not know: nobody has approved ${rollout.digest}`
  for await (const { healthy, why } of rollout) if (healthy === 1 && why.includes(waits)) break
  expect(clients.filter(({ current }) => current.pool === 2)).toHaveLength(1)
  await writeFile(join(folder, rollout.digest), '')
  await until('everybody runs it', () => clients.every(({ current }) => current.pool === 2))
}, 180_000)
