import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import { afterAll, expect } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/**
 * Writes which places of the sources a file of tests ran, a line of JSON for each file of tests, to
 * the file that `NOTICEBOARD_RAN` names. The places tell it themselves, see places.ts.
 */
const into = process.env['NOTICEBOARD_RAN'] ?? ''

/** Test files share a process; what ran before is another file's. */
const ran = new Set<string>()
Object.assign(globalThis, { noticeboardRan: ran })
const startedMs = performance.now()

afterAll(() => {
  const tookMs = Math.round(performance.now() - startedMs)
  const places: Record<string, string[]> = {}
  for (const told of ran) {
    const bar = told.indexOf('|')
    const file = told.slice(0, bar)
    places[file] = [...(places[file] ?? []), told.slice(bar + 1)]
  }
  const test = relative(root, expect.getState().testPath ?? '')
  appendFileSync(into, `${JSON.stringify({ test, ran: { places, tookMs } })}\n`)
})
