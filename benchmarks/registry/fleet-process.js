// A fleet that reports once: one real client, and as many reports like its own as are asked for.
import { createClient, http, pull } from 'noticeboard'
import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { namespace, token, url } = settings
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const reportsUrl = `${url}/v1/${namespace}/~reports`

/** As many as a relay puts into one request. */
const BATCH = 50

answerQuestions({ report })

/**
 * What a client of this release says, as the server was told.
 * @returns {Promise<Record<string, unknown>>}
 */
async function realReport() {
  const client = createClient({
    namespace,
    schema: z.object({ size: z.number() }),
    strategy: pull(http(url, { token })),
    labels: labelsOf(0),
    build: '2026.11.3',
  })
  await client.ready()
  await client.close()
  const answer = await fetch(reportsUrl, { headers })
  const { reports } = /** @type {{ reports: Record<string, unknown>[] }} */ (await answer.json())
  const { receivedAt: _, firstHeardAt: __, ...said } = reports[0] ?? {}
  return { ...said, phase: 'healthy' }
}

/**
 * @param {number} count @returns {Promise<{ reports: number, bytes: number, like: object }>} what
 * was sent, what one took as JSON, and one of them
 */
async function report(count) {
  const like = await realReport()
  let bytes = 0
  for (let at = 0; at < count; at += BATCH) {
    const reports = Array.from({ length: Math.min(BATCH, count - at) }, (_, index) => ({
      ...like,
      clientId: `checkout-${at + index}`,
      instanceId: randomUUID(),
      labels: labelsOf(at + index),
      upMs: (at + index) * 7,
    }))
    const body = JSON.stringify({ reports })
    bytes += body.length
    const { status } = await fetch(reportsUrl, { method: 'POST', headers, body })
    if (status !== 204) throw new Error(`reports were answered with ${status}`)
  }
  return { reports: count, bytes: bytes / count, like: { ...like, labels: labelsOf(0) } }
}

/** @param {number} index */
function labelsOf(index) {
  return {
    region: ['eu-west', 'eu-north', 'us-east'][index % 3] ?? '',
    zone: String(index % 9),
    host: `checkout-${index}.internal`,
    version: `4.${index % 4}.1`,
  }
}
