// Read by `noticeboard publish` and by `noticeboard controller`, which ask the gates: start both
// where this file is.
import { staged } from 'noticeboard'
import { httpGate } from './http-gate.mjs'
import { prometheusGate } from './prometheus-gate.mjs'

const prometheus = process.env['PROMETHEUS_URL'] ?? 'http://127.0.0.1:9090'
const service = process.env['SERVICE_URL'] ?? 'http://127.0.0.1:8080'

const gates = [
  // Holds the stage while requests are slow, and lets it go on when they are not.
  prometheusGate({
    name: 'latency',
    url: prometheus,
    query: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[2m])))',
    max: 0.5,
  }),
  // Takes the candidate back when the service says that it is not well.
  httpGate({ name: 'health', url: `${service}/healthz`, onBad: 'roll-back' }),
  // Only writes down what it would have done: for a gate that is yet to earn trust.
  prometheusGate({
    name: 'errors',
    url: prometheus,
    query: 'sum(rate(http_requests_total{code=~"5.."}[2m]))',
    max: 1,
    onBad: 'record',
  }),
]

export default { gates, rollout: staged({ gates }) }
