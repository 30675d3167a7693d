import type { Client } from '../../../src/client/client.js'
import type { SimProcess } from '../../../src/sim/process.js'
import type { Dice } from '../../../src/sim/dice.js'
import type { Document } from './builds.js'
import type { World } from './world.js'

/** The longest that a part of the application takes to get ready for a change, in milliseconds. */
const PREPARING_MS = 300

/**
 * An application that reads while its configuration changes: it follows all of it and parts of it,
 * parts of it join and leave in the middle of changes, and some take their time to prepare.
 * `readers-agree`: whatever it reads, by whichever way, belongs to one value; each is told of each
 * change once, and what a participant prepared is committed or let go of, once.
 */
export function runApplication(
  { truth, sometimes }: Pick<World, 'truth' | 'sometimes'>,
  { life, own, dice }: { readonly life: Client<Document>; readonly own: SimProcess; readonly dice: Dice },
): void {
  const complain = (what: string): void => {
    if (own.alive) truth.violate('readers-agree', `${own.name}: ${what}`)
  }
  /**
   * The number of a document: where a bug lets through what its schema refuses, it may be nothing
   * at all.
   */
  const numberOf = (document: Partial<Document> | undefined): number | undefined => document?.n
  const isEven = (document: Document): boolean => (numberOf(document) ?? 1) % 2 === 0
  const number = life.select(numberOf)
  const parity = life.select(document => ({ even: isEven(document) }))
  let whole: unknown
  let toldNumber: number | undefined
  let toldParity: { readonly even: boolean } | undefined

  life.subscribe(value => {
    if (!Object.is(value, life.current)) complain('a subscriber was told of a value that does not run')
    if (Object.is(value, whole)) complain('a subscriber was told twice of one value')
    whole = value
  })
  number.subscribe(n => {
    if (n !== numberOf(life.current)) complain('a part was told that is not of what runs')
    if (n === toldNumber) complain('a part was told twice')
    toldNumber = n
  })
  parity.subscribe(part => {
    if (toldParity?.even === part.even) complain('a part was told that is as before')
    toldParity = part
  })

  const agree = (): void => {
    if (!Object.is(whole, life.current)) complain('a subscriber missed a change')
    if (toldNumber !== numberOf(life.current) || number.current !== toldNumber)
      complain('a part is not of what runs')
    if (parity.current.even !== isEven(life.current) || !Object.is(parity.current, toldParity))
      complain('a part that stayed as it is is another object')
  }
  const timers: (() => void)[] = []
  life.on('status', ({ current }) => {
    if (current === 'closed') for (const cancel of timers) cancel()
  })
  const join = (): void => {
    const leaving = new AbortController()
    let left = false
    life.subscribe(
      () => {
        if (left) complain('a subscriber was told after it left')
      },
      { signal: leaving.signal },
    )
    const off = life.participate({
      name: 'passer-by',
      async prepare(_next, { signal }) {
        if (left) complain('a participant was asked after it left')
        let over = 0
        const once = (): void => {
          over += 1
          if (over > 1) complain('what was prepared was ended twice')
        }
        // It may leave while the change that it prepared for is under way, and is part of that
        // change all the same.
        if (dice.chance(0.3)) leave()
        if (dice.chance(0.5)) await own.clock.sleep(dice.between(1, PREPARING_MS), signal)
        return { commit: once, discard: once }
      },
    })
    const leave = (): void => {
      left = true
      leaving.abort()
      off()
    }
    if (dice.chance(0.5)) timers.push(own.clock.after(dice.between(1_000, 20_000), leave))
  }
  join()
  life.on('change', () => {
    // Those who were told in this very moment may come after this one.
    queueMicrotask(() => {
      if (own.alive && life.status !== 'closed') agree()
    })
    sometimes.add('an application read while it changed')
    if (dice.chance(0.3)) join()
  })
}
