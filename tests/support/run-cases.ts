import { describe, test } from 'vitest'
import type { ConformanceCase } from '../../src/testing/conformance/index.js'

/** Registers the kit's cases with vitest. */
export function runCases(subject: string, cases: readonly ConformanceCase[]): void {
  describe(subject, () => {
    for (const { name, capability, skip, run } of cases) {
      const title = `${capability}: ${name}`
      if (skip === undefined) test(title, run)
      else test.skip(`${title} (${skip})`)
    }
  })
}
