import { engineNews } from '../../../../src/core.js'
import type { StoreEngine } from '../../../../src/core.js'

/** The methods that are called of a connected client. */
export interface Subscriber {
  subscribe(channel: string, onMessage: (text: string) => void): Promise<{ close(): void }>
  on(event: 'close', listener: () => void): unknown
}

export const listenOver =
  (client: Subscriber): NonNullable<StoreEngine['listen']> =>
  signal =>
    engineNews(async ({ listening, changed, lost }) => {
      client.on('close', () => lost(new Error('the connection was closed')))
      const subscription = await client.subscribe('noticeboard', changed)
      listening()
      return () => subscription.close()
    }, signal)
