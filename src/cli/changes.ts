import type { Json } from '../contracts/json.js'
import type { DocumentChange } from '../publisher/index.js'
import { printable, type Style } from './style.js'

/** Differences, a line each: what was asked for, values and all. */
export function formatChanges(changes: readonly DocumentChange[], style: Style): string {
  return changes.map(change => `${formatChange(change, style)}\n`).join('')
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
