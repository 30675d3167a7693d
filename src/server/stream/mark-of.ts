import type { Frame } from './messages.js'
import type { Topic } from './subscriptions.js'

/**
 * The bytes of a topic's mark. For several readers they are made once; for a single one they are
 * made as they are written and not kept, since what lives from one beat to the next is what
 * collecting garbage costs.
 *
 * ```ts
 * const mark = markOf(topic)
 * if (mark !== undefined) sink.write(mark)
 * ```
 */
export function markOf(topic: Topic): Frame | undefined {
  const { mark, newest, subscriptions } = topic
  if (mark === undefined || 'chunked' in mark) return mark
  const frame = newest?.read?.markAt(mark)
  if (subscriptions.size > 1) topic.mark = frame
  return frame
}
