import { describe, expect, test } from 'vitest'
import { calmLogger } from '../../../src/async/calm-logger.js'
import type { LogDetails } from '../../../src/contracts/system.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

function open() {
  const clock = virtualClock()
  const said: { readonly level: string; readonly message: string; readonly details?: LogDetails }[] = []
  const say = (level: string) => (message: string, details?: LogDetails) =>
    void said.push({ level, message, ...(details !== undefined && { details }) })
  const logger = calmLogger(
    { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    clock,
  )
  return { clock, said, logger }
}

describe('a calm logger', () => {
  test('tells a warning that repeats at once, and then once a minute with a count, for as long as it does', async () => {
    const { clock, said, logger } = open()
    for (let second = 0; second < 180; second += 1) {
      for (let time = 0; time < 10; time += 1) logger.warn('it fails', { namespace: 'shop' })
      await clock.advance(1_000)
    }
    await clock.advance(600_000)
    expect(said).toEqual([
      { level: 'warn', message: 'it fails', details: { namespace: 'shop' } },
      { level: 'warn', message: 'it fails', details: { namespace: 'shop', times: 599 } },
      { level: 'warn', message: 'it fails', details: { namespace: 'shop', times: 600 } },
      { level: 'warn', message: 'it fails', details: { namespace: 'shop', times: 600 } },
    ])
    expect(clock.pending).toBe(0)
  })

  test('leaves no timer behind where nothing was only counted', () => {
    const { clock, logger } = open()
    logger.warn('it fails')
    expect(clock.pending).toBe(0)
  })

  test('tells what was only counted when it is done with, and leaves no timer behind', () => {
    const { clock, said, logger } = open()
    for (let time = 0; time < 3; time += 1) logger.error('it fails')
    expect(clock.pending).toBe(1)
    logger.end()
    expect(said.at(-1)?.details).toEqual({ times: 2 })
    expect(clock.pending).toBe(0)
  })

  test('tells what comes when it is done with as it comes, and leaves no timer behind', () => {
    const { clock, said, logger } = open()
    for (let time = 0; time < 3; time += 1) logger.error('it fails')
    logger.end()
    for (let time = 0; time < 3; time += 1) logger.error('it fails', { time })
    expect(said.slice(2).map(({ details }) => details)).toEqual([{ time: 0 }, { time: 1 }, { time: 2 }])
    expect(clock.pending).toBe(0)
  })

  test('a logger that throws stops nobody, also when it is told later', async () => {
    const clock = virtualClock()
    const fails = (): never => {
      throw new Error('the log is full')
    }
    const logger = calmLogger({ debug: fails, info: fails, warn: fails, error: fails }, clock)
    for (let time = 0; time < 3; time += 1) logger.warn('it fails')
    logger.info('a release')
    await clock.advance(60_000)
    expect(clock.pending).toBe(0)
  })

  test('tells of the same again a minute later', async () => {
    const { clock, said, logger } = open()
    logger.error('it fails')
    await clock.advance(60_000)
    logger.error('it fails')
    expect(said.map(({ message }) => message)).toEqual(['it fails', 'it fails'])
  })

  test('keeps apart what is said of two namespaces, and warnings from errors', () => {
    const { said, logger } = open()
    logger.warn('it fails', { namespace: 'shop' })
    logger.warn('it fails', { namespace: 'till' })
    logger.error('it fails', { namespace: 'shop' })
    expect(said).toHaveLength(3)
  })

  test('takes texts that differ in numbers and digests alone for one after the fifth', async () => {
    const { clock, said, logger } = open()
    for (let at = 1; at <= 10_000; at += 1)
      logger.warn(
        `a mark of the position 7-deadbeef/${at} names ${(at * 7919).toString(16).padStart(12, 'f')}`,
      )
    expect(said).toHaveLength(5)
    await clock.advance(60_000)
    expect(said).toHaveLength(6)
    expect(said.at(-1)?.details).toEqual({ times: 9_995 })
  })

  test('has an end whatever a stranger makes it warn of, and an error is told all the same', async () => {
    const { clock, said, logger } = open()
    for (let at = 0; at < 10_000; at += 1) logger.warn('unknown', { namespace: `n${at}` })
    expect(said).toHaveLength(100)
    logger.error('the board is damaged')
    expect(said.at(-1)?.message).toBe('the board is damaged')
    await clock.advance(60_000)
    expect(said.at(-1)).toEqual({
      level: 'warn',
      message: 'more warnings came within a minute than are logged one by one',
      details: { times: 9_900 },
    })
  })

  test('passes what is no warning', () => {
    const { said, logger } = open()
    for (let time = 0; time < 10; time += 1) {
      logger.info('a release')
      logger.debug('a step')
    }
    expect(said).toHaveLength(20)
  })
})
