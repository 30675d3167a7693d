/** Splits an address into path and query, and takes the mount's prefix off. */
export function locate(address: string, prefix: string): { readonly path: string; readonly query: string } {
  const mark = address.indexOf('?')
  const path = mark < 0 ? address : address.slice(0, mark)
  const query = mark < 0 ? '' : address.slice(mark + 1)
  return { path: withoutPrefix(path, prefix), query }
}

/**
 * Express takes the prefix off before, Fastify does not: only a path that leads to the board
 * without it loses it.
 */
function withoutPrefix(path: string, prefix: string): string {
  if (prefix === '' || !path.startsWith(`${prefix}/`)) return path
  const rest = path.slice(prefix.length)
  return rest.startsWith('/v1/') ? rest : path
}

/** `/board/` and `/board` are one mount; `/` is none. */
export function trimPrefix(prefix: string): string {
  return prefix.replace(/\/+$/, '')
}
