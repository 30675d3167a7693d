// What the documents in this folder must look like. Publishers check it before a change goes out,
// clients before they apply it.
import * as z from 'zod'

const whole = z.number().int()
const milliseconds = whole.min(1).max(600_000)
const address = z.url()

/** Settings of one service: service.yaml, about 1 KB. */
export const serviceSchema = z.strictObject({
  service: z.string().min(1),
  pool: z.strictObject({
    size: whole.min(1).max(1_000),
    idleTimeoutMs: milliseconds,
    acquireTimeoutMs: milliseconds,
  }),
  http: z.strictObject({ timeoutMs: milliseconds, keepAliveMs: milliseconds, maxBodyBytes: whole.min(1_024) }),
  retry: z.strictObject({ attempts: whole.min(0).max(10), baseMs: milliseconds, capMs: milliseconds }),
  rateLimit: z.strictObject({ requestsPerSecond: whole.min(1), burst: whole.min(1) }),
  payments: z.strictObject({
    provider: z.string(),
    fallbackProvider: z.string(),
    captureDelayMs: whole.min(0),
    currencies: z.array(z.string().length(3)).min(1),
  }),
  cart: z.strictObject({ maxItems: whole.min(1), expiresAfterMinutes: whole.min(1), holdStockMinutes: whole.min(0) }),
  shipping: z.strictObject({ freeFromCents: whole.min(0), carriers: z.array(z.string()).min(1) }),
  logging: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']), sampleRate: z.number().min(0).max(1) }),
  features: z.record(z.string(), z.boolean()),
  maintenance: z.strictObject({ enabled: z.boolean(), message: z.string() }),
  contact: z.strictObject({ email: z.email(), pager: z.string() }),
})

const upstream = z.strictObject({
  url: address,
  timeoutMs: milliseconds,
  retries: whole.min(0).max(5),
  circuit: z.strictObject({ failures: whole.min(1), openMs: milliseconds, halfOpenRequests: whole.min(1) }),
  headers: z.record(z.string(), z.string()),
})

/**
 * Settings of a whole application: application.yaml, about 20 KB. Sections that nobody constrains
 * yet pass as they are.
 */
export const applicationSchema = z.looseObject({
  application: z.string().min(1),
  server: z.looseObject({ listen: z.string(), requestTimeoutMs: milliseconds, shutdownGraceMs: milliseconds }),
  database: z.looseObject({
    pool: z.strictObject({ min: whole.min(0), max: whole.min(1), acquireTimeoutMs: milliseconds, idleTimeoutMs: milliseconds }),
    statementTimeoutMs: milliseconds,
    slowQueryMs: milliseconds,
  }),
  upstreams: z.record(z.string(), upstream),
  caches: z.record(
    z.string(),
    z.strictObject({ ttlSeconds: whole.min(0), staleSeconds: whole.min(0), maxEntries: whole.min(1) }),
  ),
  limits: z.record(z.string(), z.record(z.string(), whole.min(0))),
  maintenance: z.looseObject({ enabled: z.boolean(), message: z.string() }),
})

const flag = z.strictObject({
  description: z.string(),
  owner: z.string(),
  enabled: z.boolean(),
  rollout: z.strictObject({ percent: z.number().min(0).max(100), salt: z.string() }),
  rules: z.array(z.strictObject({ when: z.record(z.string(), z.union([z.string(), z.array(z.string())])), serve: z.boolean() })),
  expires: z.iso.date(),
})

/** A set of feature flags: flags.json, about 200 KB. */
export const flagsSchema = z.strictObject({ updated: z.iso.date(), flags: z.record(z.string(), flag) })
