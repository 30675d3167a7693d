import { expect, test } from 'vitest'
import { processorsIn, timesIn } from '../../../src/compare/run/process-usage.js'

// Two processors of four, as a container or `taskset` may have it.
const STAT = `cpu  400 0 40 1000 60 0 0 0 0 0
cpu0 10 1 5 70 10 1 2 1 3 3
cpu1 90 0 10 0 0 0 0 0 0 0
cpu2 0 0 0 100 0 0 0 0 0 0
cpu10 50 0 0 50 0 0 0 0 0 0
intr 12345 0 0
ctxt 99
`

test('the processors that a process may run on are read from a list of numbers and ranges', () => {
  const statusOf = (list: string): string =>
    `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`
  expect([...processorsIn(statusOf('1'))]).toEqual([1])
  expect([...processorsIn(statusOf('0-2,8,10-11'))]).toEqual([0, 1, 2, 8, 10, 11])
  expect([...processorsIn('Name:\tnode\n')]).toEqual([])
})

test('how idle a machine was is that of these processors alone', () => {
  expect(timesIn(STAT, new Set([0]))).toEqual({ idle: 80, total: 100 })
  expect(timesIn(STAT, new Set([1]))).toEqual({ idle: 0, total: 100 })
  expect(timesIn(STAT, new Set([0, 10]))).toEqual({ idle: 130, total: 200 })
  expect(timesIn(STAT, new Set())).toEqual({ idle: 0, total: 0 })
})
