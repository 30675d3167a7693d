import { readApplication, readFlags, readService } from '../configs/documents.mjs'
import { application, flags, service } from './documents.js'
import { breakable } from './options.js'
import { bounds, machineMs, periodsBesideDefaults, strategyNames } from './periods.js'
import { duration, size } from './table.js'

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
  print(`  bounds     by which nobody may be missed; ${duration(machineMs)} are added for this one machine:`)
  for (const [name, { pull, stream, why }] of Object.entries(bounds)) {
    const own = `pull ${duration(pull)}, push and hybrid ${duration(stream)}`
    print(`             ${name.padEnd(9)}${own.padEnd(38)}${dim(why)}`)
  }
  if (broken !== 'none') print(red(`  broken     ${broken}: ${breakable[broken]}`))
  print('')
}
