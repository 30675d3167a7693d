import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, Part } from './part.js'
import { proveParts } from './prove.js'
import { root } from '../sim/bundle.js'
import { commitOf, type ProveRecord } from './record.js'
import { SCALED_TESTS, shareOf } from './scale.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noticeboard-prove-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const part = (name: Part['name'], run: Part['run']): Part => ({
  name,
  what: 'things',
  settings: ['kills'],
  run,
})
const well = (tried: number): Outcome => ({ tried, violations: [], figures: {} })
const passing = (name: string): Part => part(name, async ({ settings }) => well(settings.kills))

const prove = async (
  parts: readonly Part[],
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> => {
  const lines: string[] = []
  const code = await proveParts(parts, argv, line => lines.push(line))
  return { code, text: lines.join('\n') }
}

const recordIn = async (path: string): Promise<ProveRecord> => JSON.parse(await readFile(path, 'utf8'))

describe('a proof', () => {
  it('goes on after a part that failed, and ends with 1', async () => {
    const json = join(folder, 'failing.json')
    const broken = part('broken', async () => {
      throw new Error('no such luck')
    })
    const { code, text } = await prove([broken, passing('sound')], '--json', json, '--kills', '7')
    expect(code).toBe(1)
    expect(text).toContain('no such luck')
    const { parts } = await recordIn(json)
    expect(parts['broken']).toMatchObject({ bad: 1, complete: false })
    expect(parts['sound']).toMatchObject({ tried: 7, bad: 0, complete: true })
  })

  it('shows twenty violations with their replays, and lists the others in its file', async () => {
    const json = join(folder, 'many.json')
    const bad = part('bad', async ({ show }) => {
      const violations = Array.from({ length: 30 }, (_, n) => ({
        text: `seed ${n} failed`,
        replay: `replay ${n}`,
      }))
      violations.forEach(show)
      return { tried: 30, violations, figures: {} }
    })
    const { code, text } = await prove([bad], '--json', json)
    expect(code).toBe(1)
    expect(text.match(/VIOLATION seed/g)).toHaveLength(20)
    expect(text).toContain('replay: replay 19')
    expect((await recordIn(json)).parts['bad']?.violations).toHaveLength(30)
  })

  it('keeps what other runs proved at the same commit', async () => {
    const json = join(folder, 'merged.json')
    const parts = [passing('one'), passing('two')]
    await prove(parts, '--json', json, '--only', 'one')
    const { code, text } = await prove(parts, '--json', json, '--only', 'two')
    expect(code).toBe(0)
    expect(text).toContain('from before')
    expect(Object.keys((await recordIn(json)).parts)).toEqual(['one', 'two'])
  })

  it('puts aside what was proved at another commit, and says so', async () => {
    const json = join(folder, 'older.json')
    await prove([passing('one')], '--json', json)
    const record = await recordIn(json)
    const older = { ...record, parts: { one: { ...record.parts['one'], commit: '0123456789abcdef' } } }
    await writeFile(json, JSON.stringify(older))
    const { text } = await prove([passing('one'), passing('two')], '--json', json, '--only', 'two')
    expect(text).toContain('one (0123456789abcdef)')
    expect(Object.keys((await recordIn(json)).parts)).toEqual(['two'])
    expect(await recordIn(join(folder, 'older.01234567.json'))).toEqual(older)
  })

  it('leaves out what passed when it is resumed, and goes on where a part was interrupted', async () => {
    const json = join(folder, 'resumed.json')
    let interrupt = true
    let from: number | undefined
    const long = part('long', async ({ before, save, settings }) => {
      from = before?.tried
      await save(well(40))
      // What was saved stays in the file when the process is killed.
      if (interrupt) return new Promise<Outcome>(() => {})
      return well(settings.kills)
    })
    void prove([passing('quick'), long], '--json', json, '--kills', '50')
    await expect
      .poll(() =>
        recordIn(json).then(
          ({ parts }) => parts['long']?.tried,
          () => 0,
        ),
      )
      .toBe(40)
    interrupt = false
    const { code, text } = await prove([passing('quick'), long], '--json', json, '--kills', '50', '--resume')
    expect(text).toContain('was proved at this commit already')
    expect(from).toBe(40)
    expect(code).toBe(0)
  })

  it('writes nothing where that is asked for, and refuses what it does not know', async () => {
    const before = await readdir(folder)
    expect((await prove([passing('one')], '--json', 'none')).code).toBe(0)
    expect((await prove([passing('one')], '--only', 'nix')).code).toBe(2)
    expect((await prove([passing('one')], '--kills', 'some')).code).toBe(2)
    expect(await readdir(folder)).toEqual(before)
    expect(commitOf()).toMatch(/^[0-9a-f]{40}(\+[0-9a-f]{8})?$|^unknown$/)
  })
})

describe('the tests in full', () => {
  it('are all of those that do a share in npm test', async () => {
    const files = await readdir(join(root, 'tests'), { recursive: true })
    const sharing: string[] = []
    for (const file of files.filter(name => name.endsWith('.test.ts'))) {
      const text = await readFile(join(root, 'tests', file), 'utf8')
      if (/support\/(?:scale|twice|engines\/engine-cases)\.js'/.test(text)) sharing.push(`tests/${file}`)
    }
    expect(SCALED_TESTS.toSorted()).toEqual(sharing.toSorted())
  })

  it('come by a few at a time, each of them once', () => {
    const shares = [0, 1, 2, 3, 4].map(seed => shareOf(SCALED_TESTS, { every: 5, seed }))
    expect(shares.flat().toSorted()).toEqual(SCALED_TESTS.toSorted())
    expect(shareOf(SCALED_TESTS, { every: 1, seed: 7 })).toEqual(SCALED_TESTS)
  })
})
