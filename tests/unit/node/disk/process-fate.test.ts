import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { bootOf, ownBootId, startOf, UNKNOWN_BOOT } from '../../../../src/node/disk/boot-id.js'
import { fateOf } from '../../../../src/node/disk/process-fate.js'
import { processTag } from '../../../../src/node/disk/process-tag.js'

const own = processTag()
const bootId = ownBootId()
const machine = own.tag.slice(0, 8)
const tagOf = (pid: number, of = machine): string => `${of}-${pid}-00000000`

describe.skipIf(process.platform !== 'linux')('the fate of a process', () => {
  const bornAt = (ticks: string | undefined): string => `${bootOf(bootId)}.${ticks}`

  test('is known of this one, also from another thread of it', () => {
    expect(fateOf({ tag: own.tag, bootId: UNKNOWN_BOOT }, own)).toBe('alive')
    expect(fateOf({ tag: tagOf(process.pid), bootId }, own)).toBe('alive')
  })

  test('is known of one that runs, and of one that had its number before', () => {
    const parent = String(process.ppid)
    expect(fateOf({ tag: tagOf(process.ppid), bootId: bornAt(startOf(parent)) }, own)).toBe('alive')
    expect(fateOf({ tag: tagOf(process.ppid), bootId: bornAt('1') }, own)).toBe('gone')
    // The first process of a container has one number in each of its lives.
    expect(fateOf({ tag: tagOf(process.pid), bootId: bornAt('1') }, own)).toBe('gone')
  })

  test('is known of one that ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const of = { tag: tagOf(child.pid!), bootId: bornAt(startOf(String(child.pid))) }
    expect(fateOf(of, own)).toBe('alive')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(fateOf(of, own)).toBe('gone')
  })

  test('of an earlier boot is known, of another machine it is not', () => {
    const earlier = '00000000-0000-0000-0000-000000000000.7'
    expect(fateOf({ tag: tagOf(process.ppid), bootId: earlier }, own)).toBe('gone')
    expect(fateOf({ tag: tagOf(process.ppid, '00000000'), bootId: earlier }, own)).toBe('unknown')
  })

  test('is not known where boots have no names', () => {
    expect(fateOf({ tag: tagOf(process.ppid), bootId: UNKNOWN_BOOT }, own)).toBe('unknown')
    expect(fateOf({ tag: tagOf(process.ppid), bootId }, { tag: own.tag, isGone: own.isGone })).toBe('unknown')
  })
})
