import { expect, test, vi } from 'vitest'
import { CHANGES, loadedChange } from './changes.js'

vi.mock('../../../src/deltas/default-deltas.js', () => ({ defaultDeltas: { codec: async () => undefined } }))

test('where a runtime has no deltas, what a change takes is estimated by what changes, as it would be encoded', async () => {
  const { 'one flag': flag, 'a number of each flag': numbers } = CHANGES
  for (const [change, least] of [
    [flag, 80],
    [numbers, 600],
  ] as const) {
    const { changedBytes = 0 } = await loadedChange(change?.before ?? null, change?.after ?? null)
    expect(changedBytes).toBeGreaterThan(least)
    expect(changedBytes).toBeLessThan(change?.most ?? 0)
  }
})
