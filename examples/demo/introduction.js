import { defaultPeriods } from 'noticeboard/core'
import { readApplication, readFlags, readService } from '../configs/documents.mjs'
import { application, flags, service } from './documents.js'
import { breakable } from './options.js'
import { bounds, machineMs, periods, strategyNames } from './periods.js'
import { duration, size } from './table.js'

/**
 * What the demo uses, what the library uses unless told otherwise, and what each time means.
 * @type {readonly (readonly [string, number, number, string])[]}
 */
const periodsBesideDefaults = [
  [
    'heartbeatMs',
    periods.heartbeatMs,
    defaultPeriods.heartbeatMs,
    'of a stream; silent for 2.5 of them is dead',
  ],
  [
    'pollIntervalMs',
    periods.pollIntervalMs,
    defaultPeriods.pollIntervalMs,
    'pull asks; push and hybrid do without a stream',
  ],
  [
    'sweepIntervalMs',
    periods.sweepIntervalMs,
    defaultPeriods.sweepIntervalMs,
    'everybody asks without a condition',
  ],
  ['timeoutMs', periods.timeoutMs, defaultPeriods.timeoutMs, 'the longest wait for one answer'],
  [
    'backoff.baseMs',
    periods.backoff.baseMs,
    defaultPeriods.backoff.baseMs,
    'first bound of the delay after a failure',
  ],
  [
    'backoff.capMs',
    periods.backoff.capMs,
    defaultPeriods.backoff.capMs,
    'last bound of the delay after failures',
  ],
  [
    'reports.batchMs',
    periods.reports.batchMs,
    defaultPeriods.reports.batchMs,
    'reports are gathered this long',
  ],
]

/**
 * What is about to happen, and which times are shortened for it.
 * @param {ReturnType<typeof import('./screen.js').createScreen>} screen
 * @param {{ clients: number, broken: import('./options.js').Breakage, folder: string }} settings
 */
export function introduce({ print, paint: { bold, dim, red } }, { clients, broken, folder }) {
  const told = /** @type {const} */ ([
    [service, readService()],
    [application, readApplication()],
    [flags, readFlags()],
  ]).map(([{ namespace }, document]) => `${namespace} (${size(JSON.stringify(document).length)})`)
  print(bold('noticeboard: one server, three strategies, and what happens to them in the field'))
  print(
    `  fleet      ${clients * strategyNames.length} applications, ${clients} for each of ${strategyNames.join(', ')}, in ${strategyNames.length * 2} processes`,
  )
  print(`  documents  ${told.join(', ')};`)
  print('             every application follows the first and one of the others')
  print(`  folder     ${folder}`)
  print('  shortened  so that a minute is enough:')
  for (const [name, ownMs, defaultMs, meaning] of periodsBesideDefaults) {
    const times = `${duration(ownMs).padStart(6)} ${dim(`instead of ${duration(defaultMs).padStart(6)}`)}`
    print(`             ${name.padEnd(16)}${times}  ${dim(meaning)}`)
  }
  print(
    `  bounds     by which nobody may be missed; ${duration(machineMs)} are added for this one machine, more while it is busy:`,
  )
  for (const [name, { pull, stream, why }] of Object.entries(bounds)) {
    const own = `pull ${duration(pull)}, push and hybrid ${duration(stream)}`
    print(`             ${name.padEnd(9)}${own.padEnd(38)}${dim(why)}`)
  }
  if (broken !== 'none') print(red(`  broken     ${broken}: ${breakable[broken]}`))
  print('')
}
