/** What is needed of prom-client: pass the module, `import * as prom from 'prom-client'`. */
export interface Prometheus<Register = unknown> {
  readonly Gauge: new (options: {
    name: string
    help: string
    labelNames: string[]
    registers?: Register[]
    collect?: (this: PrometheusGauge) => void | Promise<void>
  }) => PrometheusGauge
  readonly Counter: new (options: {
    name: string
    help: string
    labelNames: string[]
    registers?: Register[]
    collect?: (this: PrometheusCounter) => void | Promise<void>
  }) => PrometheusCounter
  /** The registry that is used unless another one is given. */
  readonly register: Register & PrometheusRegistry
}

/** A gauge of prom-client. */
export interface PrometheusGauge {
  /** Sets the sample of these labels. */
  set(labels: Readonly<Record<string, string>>, value: number): void
  /** Takes every sample away. */
  reset(): void
}

/** A counter of prom-client. */
export interface PrometheusCounter {
  /** Adds to the counter. Default 1. */
  inc(labels: Readonly<Record<string, string>>, value?: number): void
  /** Takes every sample away. */
  reset(): void
}

/** A registry of prom-client. */
export interface PrometheusRegistry {
  /** The metric of that name, if there is one. */
  getSingleMetric(name: string): unknown
  /** Takes a metric away. */
  removeSingleMetric(name: string): void
}
