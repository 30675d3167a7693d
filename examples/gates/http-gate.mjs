// A gate over a plain HTTP probe: green while an address answers with 2xx, red while it answers
// with 5xx.

/** @import { Gate } from 'noticeboard/core' */

/**
 * Asks an address whenever the rollout is looked at: the health page of a service, a smoke test
 * behind an endpoint, a page on which the operator on duty says no. Any other answer, such as 404,
 * is `unknown`, since it says more about the probe than about the service; so is an address that
 * cannot be reached.
 *
 * @param {object} options
 * @param {string} options.name Names the gate in plans.
 * @param {string} options.url
 * @param {Gate['onBad']} [options.onBad] What a red gate does. `pause` unless given.
 * @returns {Gate}
 */
export function httpGate({ name, url, onBad = 'pause' }) {
  return {
    name,
    onBad,
    async check(_question, signal) {
      const response = await fetch(url, { redirect: 'error', signal })
      // The body is not read, and must not keep the connection.
      await response.body?.cancel()
      if (response.ok) return 'good'
      const why = `it answered ${response.status}`
      return { verdict: response.status >= 500 ? 'bad' : 'unknown', why }
    },
  }
}
