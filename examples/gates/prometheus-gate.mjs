// A gate over a Prometheus query: red while the worst of its series is above a limit.

/** @import { Gate, GateQuestion } from 'noticeboard/core' */

/**
 * Asks Prometheus, or whatever speaks its HTTP API, whenever the rollout is looked at. A query that
 * finds nothing, a NaN and an answer that cannot be read are `unknown`: they hold the stage, and
 * are neither success nor failure. What `fetch` throws is unknown too; the controller sees to that.
 *
 * @param {object} options
 * @param {string} options.name Names the gate in plans.
 * @param {string} options.url Where Prometheus is: `http://prometheus:9090`.
 * @param {string | ((question: GateQuestion) => string)} options.query Give a function to ask for
 * the candidate alone.
 * @param {number} options.max The most that is well.
 * @param {Gate['onBad']} [options.onBad] What a red gate does. `pause` unless given.
 * @returns {Gate}
 */
export function prometheusGate({ name, url, query, max, onBad = 'pause' }) {
  return {
    name,
    onBad,
    async check(question, signal) {
      const asked = typeof query === 'string' ? query : query(question)
      const response = await fetch(`${url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: asked }),
        redirect: 'error',
        signal,
      })
      if (!response.ok) return { verdict: 'unknown', why: `Prometheus answered ${response.status}` }
      const { data } = /** @type {{ data: { result: { value: [number, string] }[] } }} */ (
        await response.json()
      )
      const values = data.result.map(sample => Number(sample.value[1]))
      if (values.length === 0) return { verdict: 'unknown', why: 'the query found nothing' }
      const worst = Math.max(...values)
      if (Number.isNaN(worst)) return { verdict: 'unknown', why: 'the query found no number' }
      return worst > max ? { verdict: 'bad', why: `${worst} is above ${max}` } : 'good'
    },
  }
}
