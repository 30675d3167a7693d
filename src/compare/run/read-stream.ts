import type { Delivery } from '../../contracts/transport.js'
import { isError } from '../../core/built-ins.js'

/**
 * Resolves once a stream brought a release, and goes on reading it until it ends, however it does.
 * Rejects where it breaks or ends before that.
 *
 * ```ts
 * await readStream(transport.watch({ namespaces: [NAMESPACE], inline: false }, signal))
 * ```
 */
export function readStream(deliveries: AsyncIterable<Delivery>): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    void (async () => {
      try {
        for await (const delivery of deliveries) if (delivery.type === 'release') resolve()
        reject(new Error('a stream ended before it brought a release'))
      } catch (error) {
        reject(isError(error) ? error : new Error('a stream broke'))
      }
    })()
  })
}
