/**
 * A mistake, planted to be found: the tag of a release is remembered as soon as it arrives, and not
 * only once the client has verified what came. After a damaged answer the server is asked whether
 * anything changed since, and says no.
 *
 * @param {import('noticeboard').Strategy} strategy
 * @returns {import('noticeboard').Strategy}
 */
export function tagOnReceipt(strategy) {
  return {
    ...strategy,
    async *deliver(session) {
      /** @type {string | undefined} */
      let tag
      for await (const event of strategy.deliver({ ...session, tag: () => tag })) {
        if (event.type === 'release') tag = event.tag
        yield event
      }
    },
  }
}
