import { NoticeboardError } from '../../contracts/errors.js'

/**
 * The base address of a board, ending in a slash: what stands for `public` in docs/formats.md.
 * Throws `invalid-option` for anything that is no plain http or https address, without repeating
 * what may be a secret.
 */
export function parseBaseUrl(address: unknown): string {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined) {
    throw refusal(
      'is not an absolute address; write it like "https://config.internal" or "http://127.0.0.1:8420/board"',
    )
  }
  if (!String(address).includes('://')) {
    throw refusal('has no scheme; write it like "http://localhost:8420"')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refusal('has another scheme; write http: or https:')
  }
  if (url.username !== '' || url.password !== '') {
    throw refusal(
      'holds a user name or password, which would appear in logs; pass http(url, { token }) or { headers }',
    )
  }
  if (url.search !== '' || url.hash !== '') {
    throw refusal(
      'holds a query or a fragment; remove everything from "?" or "#" on, and pass secrets in { headers }',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}/`
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', `the url of http(url) ${problem}`)
}
