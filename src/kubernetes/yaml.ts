import type { BoardManifest } from './manifest.js'

/**
 * What JSON leaves as it is and YAML does not take between double quotes, or takes as a line break.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * A manifest as YAML, for a repository or for `kubectl apply --server-side -f -`. Every text stands
 * between double quotes, so that nothing is taken for a number, a date or a `yes`.
 *
 * ```ts
 * await writeFile('board.yaml', manifestYaml(manifest))
 * ```
 */
export function manifestYaml(manifest: BoardManifest): string {
  return `${linesOf(manifest, '').join('\n')}\n`
}

function linesOf(value: object, indent: string): readonly string[] {
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    const name = `${indent}${/^[a-z]+$/i.test(key) && indent === '' ? key : quoted(key)}:`
    return typeof member === 'object' && member !== null
      ? [name, ...linesOf(member, `${indent}  `)]
      : [`${name} ${quoted(String(member))}`]
  })
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    UNSAFE,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
