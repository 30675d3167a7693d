import { announceCases, announceTo } from './announce-cases.js'
import { appendCases } from './append-cases.js'
import { buildCases, type CaseDefinition, type ConformanceCase, type ConformanceOptions } from './case.js'
import { deltaCases } from './delta-cases.js'
import { encodingCases } from './encoding-cases.js'
import { engineListCases } from './engine-list-cases.js'
import { engineListenCases } from './engine-listen-cases.js'
import { engineRaceCases } from './engine-race-cases.js'
import { engineReadCases } from './engine-read-cases.js'
import { engineWriteCases } from './engine-write-cases.js'
import { freezeCases, frozenAnnounceCases, frozenWriteCases } from './freeze-cases.js'
import { keepCases } from './keep-cases.js'
import { nextCases } from './next-cases.js'
import { noticeCases as noticeDefinitions } from './notice-cases.js'
import type { OpenedEngine, OpenedMirror, OpenedNotices, OpenedStore, OpenedTransport } from './opened.js'
import { putCases } from './put-cases.js'
import { raceCases } from './race-cases.js'
import { readCases } from './read-cases.js'
import { readTroubleCases } from './read-trouble-cases.js'
import { reportCases, reportsOf } from './report-cases.js'
import { publishTo } from './store-steps.js'
import { watchCases } from './watch-cases.js'
import { watchExtraCases } from './watch-extra-cases.js'

export type { Capability, ConformanceCase, ConformanceOptions, ConformanceHook } from './case.js'
export type { SampleRelease, SampleSnapshot } from './fixture.js'
export type { OpenedEngine, OpenedMirror, OpenedNotices, OpenedStore, OpenedTransport } from './opened.js'

const reading: readonly CaseDefinition<OpenedTransport>[] = [
  ...readCases,
  ...readTroubleCases,
  ...encodingCases,
  ...deltaCases,
  ...freezeCases,
  ...nextCases,
  ...watchCases,
  ...watchExtraCases,
  ...reportCases,
]

/**
 * What the contracts promise of a transport, as cases for any test runner. `open` is called anew
 * for each case, and what it gives is closed after it. What a transport has not is named in
 * `without`, with the reason. Throws `invalid-option`.
 *
 * ```ts
 * for (const { name, skip, run } of transportCases(open)) test(name, { skip }, run)
 * ```
 */
export function transportCases(
  open: () => Promise<OpenedTransport> | OpenedTransport,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return buildCases(open, reading, options)
}

/**
 * What the contracts promise of a store: all of {@link transportCases}, and what writing, the log
 * and durability add. Throws `invalid-option`.
 *
 * ```ts
 * for (const { name, skip, run } of storeCases(open, { without: { marks: 'it sends none' } })) test(name, { skip }, run)
 * ```
 */
export function storeCases(
  open: () => Promise<OpenedStore> | OpenedStore,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return [
    ...buildCases(
      open,
      [...putCases, ...appendCases, ...raceCases, ...frozenWriteCases, ...keepCases],
      options,
    ),
    ...buildCases(async () => readable(await open()), reading, options),
  ]
}

/**
 * What `storeFrom` asks of an engine, tried on its own methods: versions, conditions, batches and
 * lists. What only these show, {@link storeCases} of a store over it may pass over, so run both.
 * Throws `invalid-option`.
 *
 * ```ts
 * const open = async () => ({ engine: sqliteEngine(database), close: async () => database.close() })
 * for (const { name, skip, run } of engineCases(open, { without: { listen: 'it does not notify' } })) test(name, { skip }, run)
 * ```
 */
export function engineCases(
  open: () => Promise<OpenedEngine> | OpenedEngine,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return buildCases(
    open,
    [...engineReadCases, ...engineWriteCases, ...engineRaceCases, ...engineListCases, ...engineListenCases],
    options,
  )
}

/**
 * What the contracts promise of a mirror, seen through the transport that reads it; and all of
 * {@link transportCases} for that one. Throws `invalid-option`.
 *
 * ```ts
 * for (const { name, skip, run } of mirrorCases(open)) test(name, { skip }, run)
 * ```
 */
export function mirrorCases(
  open: () => Promise<OpenedMirror> | OpenedMirror,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return [
    ...buildCases(open, [...announceCases, ...frozenAnnounceCases], options),
    ...buildCases(async () => mirrored(await open()), reading, options),
  ]
}

/**
 * What the contracts promise of what only notifies, which may lose what it is told. Throws
 * `invalid-option`.
 *
 * ```ts
 * for (const { name, skip, run } of noticeCases(open)) test(name, { skip }, run)
 * ```
 */
export function noticeCases(
  open: () => Promise<OpenedNotices> | OpenedNotices,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return buildCases(open, noticeDefinitions, options)
}

const never: AbortSignal = new AbortController().signal

/** A store as a transport. */
function readable(opened: OpenedStore): OpenedTransport {
  const { store } = opened
  return {
    transport: store,
    publish: sample => publishTo(store, sample, never),
    close: () => opened.close(),
    ...(opened.cut !== undefined && { cut: opened.cut.bind(opened) }),
    ...(opened.freeze !== undefined && { freeze: opened.freeze.bind(opened) }),
    ...(opened.silence !== undefined && { silence: opened.silence.bind(opened) }),
    ...(opened.mark !== undefined && { mark: opened.mark.bind(opened) }),
    ...(store.reports !== undefined && {
      heard: query => reportsOf(store)(query, never),
    }),
  }
}

/** What is behind a mirror as a transport. */
function mirrored(opened: OpenedMirror): OpenedTransport {
  return {
    transport: opened.transport,
    publish: sample => announceTo(opened, sample, never),
    close: () => opened.close(),
    ...(opened.cut !== undefined && { cut: opened.cut.bind(opened) }),
    ...(opened.freeze !== undefined && { freeze: opened.freeze.bind(opened) }),
    ...(opened.silence !== undefined && { silence: opened.silence.bind(opened) }),
  }
}
