import type { Client } from '../../../../src/client/client.js'
import type { Document } from '../builds.js'
import { runningOf } from '../running-of.js'
import type { SceneStage } from './scene.js'

/** Those who follow a client, and what each of them was told. */
export interface Told {
  /** One more comes. */
  join(): void
  /** Each has been told of each change since it came, once and in order. */
  check(): void
}

/** One who follows: all of it, or a part. */
interface Follower {
  readonly told: unknown[]
  /** What it has to have been told. */
  readonly due: unknown[]
}

/** Lets two follow all of a client and two the same part of it from the start. */
export function watchTold(client: Client<Document>, { violate }: Pick<SceneStage, 'violate'>): Told {
  const all: Follower[] = []
  const parts: Follower[] = []
  const parity = client.select(({ n }) => ({ even: n % 2 === 0 }))
  const partOf = ({ n }: Document): string => String(n % 2 === 0)
  const due = (value: Document): void => {
    for (const { due: own } of all) own.push(value)
    for (const { due: own } of parts) if (own.at(-1) !== partOf(value)) own.push(partOf(value))
  }
  const join = (): void => {
    const now = runningOf(client)?.value as Document | undefined
    const whole: Follower = { told: [], due: now === undefined ? [] : [now] }
    const part: Follower = { told: [], due: now === undefined ? [] : [partOf(now)] }
    all.push(whole)
    parts.push(part)
    client.subscribe(value => void whole.told.push(value))
    parity.subscribe(({ even }) => void part.told.push(String(even)))
  }
  client.on('change', ({ current }) => due(current as Document))
  join()
  join()

  return {
    join,
    check() {
      for (const { told, due: own } of [...all, ...parts])
        if (told.length !== own.length || told.some((value, at) => !Object.is(value, own[at])))
          violate(
            'each-change-is-told',
            `one who follows was told ${told.length} times of ${own.length} changes, or in another order`,
          )
      const runs = runningOf(client)?.value
      if (runs !== undefined && all.some(({ told }) => !Object.is(told.at(-1), runs)))
        violate('each-change-is-told', 'one who follows was told last of what does not run')
    },
  }
}
