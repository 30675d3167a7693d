import { expect, test } from 'vitest'
import type { Refusal } from '../../../../src/contracts/state.js'
import { MAX_STATE_BYTES } from '../../../../src/core/limits.js'
import { encodeStateFile } from '../../../../src/node/state/state-file.js'

const refusal = (index: number, bytes: number): Refusal => ({
  digest: index.toString(16).padStart(64, '0'),
  build: '1',
  code: 'invalid-document',
  path: 'p'.repeat(bytes),
  at: '2026-11-21T09:00:00.000Z',
})
const fileOf = (refused: readonly Refusal[], attempts: readonly string[] = []) =>
  encodeStateFile({
    savedAt: '2026-11-21T09:00:00.000Z',
    state: { good: [], refused },
    attempts,
    quarantined: [],
    pardoned: [],
  })

test('the latest refusals stay where all do not fit into a file', () => {
  const refused = Array.from({ length: 40 }, (_, index) => refusal(index, MAX_STATE_BYTES / 30))
  const bytes = fileOf(refused)
  expect(bytes.length).toBeLessThanOrEqual(MAX_STATE_BYTES)
  const { refused: kept } = JSON.parse(new TextDecoder().decode(bytes)) as { refused: readonly Refusal[] }
  expect(kept.length).toBeGreaterThan(0)
  expect(kept.map(({ digest }) => digest)).toEqual(refused.slice(-kept.length).map(({ digest }) => digest))
})

test('a file that is too large without any is written without any', () => {
  const bytes = fileOf([refusal(1, 10)], ['x'.repeat(MAX_STATE_BYTES)])
  expect(new TextDecoder().decode(bytes)).toContain('"refused":[]')
})
