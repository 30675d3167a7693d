/**
 * Who speaks: somebody with a token of the server (or its own process), or a stranger, who is known
 * by an address that a whole fleet may share.
 */
export type Voice = { readonly type: 'bearer' } | { readonly type: 'stranger'; readonly address: string }

/** Somebody with a token, or the process itself. */
export const BEARER: Voice = { type: 'bearer' }

/** The address that a voice counts under; all bearers are one. */
export function addressOf(voice: Voice): string {
  return voice.type === 'stranger' ? voice.address : ''
}
