import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SnapshotVerdict } from '../../../../src/contracts/report.js'
import { MAX_REPORT_BYTES } from '../../../../src/core/limits.js'
import { fitReport, jsonBytes } from '../../../../src/core/report/fit-report.js'
import { fleetReport } from '../../../support/fleet-reports.js'
import { reportOf } from '../../../support/report-of.js'

/** Paths of all lengths, of characters that take one byte, several, and an escape. */
const text = fc
  .tuple(fc.constantFrom('x', 'ü', '"', '✓'), fc.nat(256))
  .map(([character, length]) => character.repeat(length))
const verdict = text.map((path): SnapshotVerdict => ({ digest: 'a'.repeat(64), verdict: 'rejected', path }))

test('a report fits by leaving out the last paths first and the oldest verdicts then, no more than it must, and counts the paths', () => {
  const parts = fc.record({
    paths: fc.array(text, { maxLength: 256, size: 'max' }),
    before: fc.nat(1_000),
    verdicts: fc.array(verdict, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(parts, ({ paths, before, verdicts }) => {
      const report = reportOf({
        namespace: 'a',
        instanceId: 'x',
        overridden: paths,
        verdicts,
        ...(before > 0 && { overriddenOmitted: before }),
      })
      const fitted = fitReport(report)
      expect(jsonBytes(fitted)).toBeLessThanOrEqual(MAX_REPORT_BYTES)
      if (jsonBytes(report) <= MAX_REPORT_BYTES) {
        expect(fitted).toBe(report)
        return
      }
      const { overridden = [], overriddenOmitted = 0, verdicts: kept = [], ...rest } = fitted
      const { overridden: _, overriddenOmitted: __, verdicts: ___, ...same } = report
      expect(rest).toEqual(same)
      expect(overridden).toEqual(paths.slice(0, overridden.length))
      expect(overridden.length + overriddenOmitted).toBe(paths.length + before)
      expect(kept).toEqual(verdicts.slice(verdicts.length - kept.length))
      // A verdict goes only where no path is left, and there is no room for one more of what went.
      if (kept.length < verdicts.length) expect(overridden).toEqual([])
      const next = kept.length < verdicts.length ? verdicts.at(-1 - kept.length) : paths[overridden.length]
      // Besides it there is the count, and the members that are left out when they are empty.
      expect(jsonBytes(fitted) + jsonBytes(next ?? '') + 80).toBeGreaterThan(MAX_REPORT_BYTES)
    }),
    { numRuns: 60 },
  )
})

test('the reason of a veto goes last, and only where there is no room for it', () => {
  const wide = {
    ...reportOf({ namespace: 'a', instanceId: 'x' }),
    reason: '✓'.repeat(256),
    validator: '✓'.repeat(256),
    path: '✓'.repeat(256),
  }
  const verdicts: readonly SnapshotVerdict[] = [
    { digest: 'a'.repeat(64), verdict: 'rejected', path: '✓'.repeat(256) },
  ]
  const fitted = fitReport({ ...wide, verdicts, overridden: ['✓'.repeat(256)] })
  expect(fitted).toMatchObject({ reason: wide.reason, verdicts })
  const full = fitReport({ ...wide, labels: { a: 'x'.repeat(256), b: 'x'.repeat(1_400) }, verdicts })
  expect(jsonBytes(full)).toBeLessThanOrEqual(MAX_REPORT_BYTES)
  expect([full.reason, full.verdicts, full.validator]).toEqual([undefined, undefined, wide.validator])
})

test('twenty labels and thirty overrides fit as they are', () => {
  const labels = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`label-${index}`, 'a value of this']),
  )
  const overridden = Array.from({ length: 30 }, (_, index) => `/services/checkout/pool/${index}/size`)
  const report = { ...fleetReport(1), labels, overridden }
  expect(fitReport(report)).toBe(report)
})
