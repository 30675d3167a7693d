import type { Json } from '../../../../src/contracts/json.js'
import type { Logger } from '../../../../src/contracts/system.js'
import type { Validator } from '../../../../src/contracts/validator.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'

/**
 * `previous-is-what-ran` at a publisher: what its validators are told is the document of the
 * release right before the one that it appends, also after a lost race. They are held against the
 * log at the end of a history.
 */
export function watchPublishing(hears: Logger): {
  /** For the publisher: hears that a document could not be read, which stops no publish. */
  readonly logger: Logger
  readonly validator: Validator
  /**
   * What the validators were told the last time that they were asked; undefined when they were not.
   */
  readonly told: { readonly text: string | undefined; readonly unread: boolean } | undefined
} {
  let unread = false
  let told: { readonly previous: Json | undefined } | undefined
  return {
    logger: {
      ...hears,
      warn(message, details) {
        if (message.startsWith('the running document cannot be read')) unread = true
        hears.warn(message, details)
      },
    },
    validator: {
      name: 'previous',
      validate(_value, { previous }) {
        told = { previous }
      },
    },
    get told() {
      if (told === undefined) return undefined
      const { previous } = told
      return {
        text: previous === undefined ? undefined : canonicalize(previous),
        unread: previous === undefined && unread,
      }
    },
  }
}
