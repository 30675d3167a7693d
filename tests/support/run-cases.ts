import { describe, test } from 'vitest'
import type { ConformanceCase } from '../../src/testing/conformance/index.js'

/**
 * For real servers, which a busy machine holds up: the kit's steps end or do not end, and how soon
 * is no promise. A case of several such steps has {@link CASE_MS}.
 */
export const PATIENT = { timeoutMs: 20_000 }

const CASE_MS = 120_000

/** Registers the kit's cases with vitest. */
export function runCases(subject: string, cases: readonly ConformanceCase[]): void {
  describe(subject, () => {
    for (const { name, capability, skip, run } of cases) {
      const title = `${capability}: ${name}`
      if (skip === undefined) test(title, run, CASE_MS)
      else test.skip(`${title} (${skip})`)
    }
  })
}
