// The documents of this folder, read, and the same documents with one key changed.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/**
 * @import { infer as Infer } from 'zod'
 * @import { applicationSchema, flagsSchema, serviceSchema } from './schemas.mjs'
 * @typedef {Infer<typeof serviceSchema>} Service
 * @typedef {Infer<typeof applicationSchema>} Application
 * @typedef {Infer<typeof flagsSchema>} Flags
 */

/** @param {string} name */
const text = name => readFileSync(new URL(name, import.meta.url), 'utf8')

/** @returns {Service} */
export const readService = () => parse(text('service.yaml'))

/** `pool.size: 0`, the typo that took a site down. @returns {Service} */
export const readBadService = () => parse(text('service-bad.yaml'))

/** @returns {Application} */
export const readApplication = () => parse(text('application.yaml'))

/** @returns {Flags} */
export const readFlags = () => JSON.parse(text('flags.json'))

/** @param {Service} service @param {number} size @returns {Service} */
export function withPoolSize(service, size) {
  return { ...service, pool: { ...service.pool, size } }
}

/** @param {Application} application @param {number} requestTimeoutMs @returns {Application} */
export function withRequestTimeout(application, requestTimeoutMs) {
  return { ...application, server: { ...application.server, requestTimeoutMs } }
}

/** @param {Flags} document @param {string} name @returns {Flags} */
export function withFlagTurned(document, name) {
  const flag = document.flags[name]
  if (flag === undefined) throw new Error(`there is no flag ${name}`)
  return { ...document, flags: { ...document.flags, [name]: { ...flag, enabled: !flag.enabled } } }
}
