import type { Json } from '../contracts/json.js'
import { sayMatch } from '../core/release/labels.js'
import type { DocumentChange, ReleaseChange } from '../publisher/index.js'
import { printable, type Style } from './style.js'

/**
 * Differences, a line each: what was asked for, values and all. Those of clients with some labels
 * stand below a line that names them.
 */
export function formatChanges(changes: readonly ReleaseChange[], style: Style): string {
  let named = ''
  return changes
    .map(({ when, ...change }) => {
      const clients = when === undefined ? '' : `for clients with ${printable(sayMatch(when))}:\n`
      const heading = clients === named ? '' : clients
      named = clients
      return `${heading}${formatChange(change, style)}\n`
    })
    .join('')
}

function formatChange(change: DocumentChange, style: Style): string {
  const path = printable(change.path === '' ? '(the whole document)' : change.path)
  switch (change.change) {
    case 'added':
      return style('green', `+ ${path}: ${shown(change.after)}`)
    case 'removed':
      return style('red', `- ${path}: ${shown(change.before)}`)
    case 'changed':
      return style('yellow', `~ ${path}: ${shown(change.before)} -> ${shown(change.after)}`)
  }
}

function shown(value: Json): string {
  return printable(JSON.stringify(value))
}
