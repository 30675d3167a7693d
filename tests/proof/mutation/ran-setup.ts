import { appendFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/**
 * Writes which functions of the sources a file of tests ran, a line of JSON for each file of tests,
 * to the file that `NOTICEBOARD_RAN` names.
 */
const into = process.env['NOTICEBOARD_RAN'] ?? ''

/** Test files share a process, and so does what counts. */
const shared = globalThis as { noticeboardSession?: Session }

async function session(): Promise<Session> {
  if (shared.noticeboardSession !== undefined) return shared.noticeboardSession
  const made = new Session()
  made.connect()
  await made.post('Profiler.enable')
  await made.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  return (shared.noticeboardSession = made)
}

beforeAll(async () => {
  // What ran before is another file's.
  await (await session()).post('Profiler.takePreciseCoverage')
})

afterAll(async () => {
  const { result } = await (await session()).post('Profiler.takePreciseCoverage')
  const ran: Record<string, string[]> = {}
  for (const { url, functions } of result) {
    const path = relative(root, url.startsWith('file:') ? fileURLToPath(url) : url)
    if (!path.startsWith('src/')) continue
    const names = functions.flatMap(({ functionName, ranges }) =>
      functionName !== '' && (ranges[0]?.count ?? 0) > 0 ? [functionName] : [],
    )
    if (names.length > 0) ran[path] = [...new Set([...(ran[path] ?? []), ...names])]
  }
  appendFileSync(into, `${JSON.stringify({ test: relative(root, expect.getState().testPath ?? ''), ran })}\n`)
})
