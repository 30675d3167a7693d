import type { Json } from '../../../../src/contracts/json.js'
import { readReport } from '../../../../src/core/report/report-codec.js'
import { attempt, violation } from '../oracle.js'
import { reports } from '../seeds.js'
import { same } from '../same.js'
import { damagedJson, type Target } from '../target.js'

const decoder = new TextDecoder()

/**
 * One report, as JSON.parse gives it: also with keys and numbers that a body would not have been
 * let in with.
 */
export const report: Target = {
  name: 'report',
  weight: 16,
  draw: damagedJson(reports),
  check(bytes) {
    let value: Json
    try {
      value = JSON.parse(decoder.decode(bytes)) as Json
    } catch {
      // A body that is no JSON does not come this far.
      return
    }
    const ours = attempt(() => readReport(value), ['invalid-data'])
    if (ours.type === 'refused') return
    const again = readReport(JSON.parse(JSON.stringify(ours.value)) as Json)
    if (!same(again, ours.value)) throw violation('a report that is passed on reads as another one')
    const { length } = JSON.stringify(ours.value)
    if (length > 700_000) throw violation(`a report of ${length} characters is kept`)
    if (Object.getPrototypeOf(ours.value.labels) !== Object.prototype)
      throw violation('labels have another prototype')
  },
}
