// How the demos read their arguments: what is wrong with them comes as a value.

/**
 * What a parser gives, or what it complains about. @template Values @param {() => Values} parser
 */
export function parsed(parser) {
  try {
    return { values: parser() }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * What is wrong with a number of clients. @param {string} text
 * @param {{ least: number, most: number }} bounds
 */
export function clientsProblem(text, { least, most }) {
  const clients = Number(text)
  if (Number.isInteger(clients) && clients >= least && clients <= most) return undefined
  return `--clients wants a whole number from ${least} to ${most}, not ${text}`
}

/**
 * Reads what `--only` lists, in the order of what there is. @template {string} Name @param {string}
 * list @param {readonly Name[]} names
 */
export function chosen(list, names) {
  const only = list.split(',')
  const unknown = only.find(name => !names.some(known => known === name))
  if (unknown !== undefined) return { problem: `--only knows ${names.join(', ')}, not ${unknown}` }
  return { only: names.filter(name => only.includes(name)) }
}
