export {
  boardMetrics,
  type BoardMetricsOptions,
  type ServerLoad,
  type ServerSavings,
} from './board-metrics.js'
export { clientMetrics, type ClientMetricsOptions } from './client-metrics.js'
export type { Prometheus, PrometheusCounter, PrometheusGauge, PrometheusRegistry } from './prometheus.js'
