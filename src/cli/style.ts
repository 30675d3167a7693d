import { styleText } from 'node:util'
import type { Io, Output } from './io.js'

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Text in a tone, where the stream shows tones. */
export type Style = (tone: Tone, text: string) => string

/** Colours only on a terminal, and never for who said NO_COLOR (https://no-color.org). */
export function styleFor(output: Output, env: Io['env']): Style {
  const plain = output.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  // The stream was looked at here already; Node would look at its own.
  return plain
    ? (_tone, text) => text
    : (tone, text) => styleText(tone, text, { validateStream: false } as object)
}

/**
 * A text from elsewhere, made harmless for a terminal: what a client or an author wrote must not
 * move the cursor or forge a line.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '�')
}
