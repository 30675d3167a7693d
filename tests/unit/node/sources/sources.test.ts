import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { isNoticeboardError, type NoticeboardError } from '../../../../src/contracts/errors.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { configFile } from '../../../../src/node/sources/config-file.js'
import { jsonFile } from '../../../../src/node/sources/json-file.js'
import { yamlFile } from '../../../../src/node/sources/yaml-file.js'
import { readYamlText } from '../../../../src/node/sources/yaml-text.js'
import type { Fs } from '../../../../src/contracts/system.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { memoryDisk } from '../../../proof/fuzz/memory-disk.js'
import { never, nextOf, temporaryFolder } from '../../../support/board-kit.js'

const yaml = (text: string) => readYamlText(text, { what: 'f.yaml', maxBytes: 1_048_576 })

const refusalOf = (text: string): NoticeboardError => {
  try {
    yaml(text)
  } catch (error) {
    if (isNoticeboardError(error)) return error
    throw error
  }
  throw new Error('it was read')
}

describe('a YAML text', () => {
  it('is read as YAML 1.2 with the core schema', () => {
    expect(yaml('a: no\nb: 2020-01-01\nc: 0x1F\nd: 0o17\ne: ~\nf: .5\ng: "x"\nh: [1, {i: true}]\nj: |\n  two\n  lines\n')).toEqual({
      a: 'no', b: '2020-01-01', c: 31, d: 15, e: null, f: 0.5, g: 'x', h: [1, { i: true }], j: 'two\nlines\n',
    }) // prettier-ignore
    expect(yaml('%YAML 1.1\n---\na: yes\nb: 1:30\n')).toEqual({ a: 'yes', b: '1:30' })
    expect(yaml('plain')).toBe('plain')
    expect(yaml('---\na: 1\n...\n# the end\n')).toEqual({ a: 1 })
    expect(yaml('base: &base {x: 1}\nother: *base\n')).toEqual({ base: { x: 1 }, other: { x: 1 } })
    expect(yaml('"<<": 1')).toEqual({ '<<': 1 })
    expect(yaml('a: "010"\nb: 0\nc: 0.5\nd: -0.25\ne: 0e1\n')).toEqual({
      a: '010',
      b: 0,
      c: 0.5,
      d: -0.25,
      e: 0,
    })
    expect(yaml('- &a 1\n- &b [*a]\n- &a 2\n- *a\n- *b\n')).toEqual([1, [1], 2, 2, [1]])
    expect(yaml('"10": a\n"9": b')).toEqual({ '9': 'b', '10': 'a' })
    expect(yaml('!!str 1')).toBe('1')
  })

  it.each([
    ['a key twice', 'a: 1\nb:\n  c: hunter2\n  c: hunter2\n', '4:3', 'b.c', /twice/],
    ['__proto__', 'a:\n  __proto__: hunter2\n', '2:3', 'a', /__proto__/],
    ['a key that is a number', 'a:\n  7: hunter2\n', '2:3', 'a', /put it in quotes/],
    ['a key that is null', '? \n: hunter2\n', '1:3', '', /put it in quotes/],
    ['a key that is a list', '? [a]\n: hunter2\n', '1:3', '', /must be a string/],
    ['a merge key', 'a: &a {b: 1}\nc:\n  <<: *a\n', '3:3', 'c', /merge keys/],
    ['a date by tag', 'a: !!timestamp 2020-01-01\n', '1:4', '', /tags/],
    ['binary', 'a: !!binary aHVudGVyMg==\n', '1:4', '', /tags/],
    ['a tag of its own', 'a: !vault hunter2\n', '1:4', '', /tags/],
    ['NaN', 'a: [.nan]\n', '1:5', 'a[0]', /NaN/],
    ['infinity', 'a: -.inf\n', '1:4', 'a', /infinity/],
    ['1e400', 'a: 1e400\n', '1:4', 'a', /infinity/],
    ['1e-400', 'a: 1e-400\n', '1:4', 'a', /become 0/],
    ['-0', 'a: -0\n', '1:4', 'a', /-0/],
    ['-0.0', 'a: -0.0\n', '1:4', 'a', /-0/],
    ['010', 'a: 010\n', '1:4', 'a', /octal/],
    ['-007', 'a: [-007]\n', '1:5', 'a[0]', /octal/],
    ['01.5', 'a: 01.5\n', '1:4', 'a', /octal/],
    ['2^53+1', 'a: 9007199254740993\n', '1:4', 'a', /2\^53/],
    ['too many hexadecimal digits', 'a: 0xFFFFFFFFFFFFFFFFF\n', '1:4', 'a', /2\^53/],
    ['hexadecimal digits without end', `a: 0x${'F'.repeat(400)}\n`, '1:4', 'a', /2\^53/],
    ['half a surrogate pair', 'a: "\\ud800"\n', '1:4', 'a', /surrogate/],
    ['half a surrogate pair in a key', '"\\ud800": 1\n', '1:1', '', /surrogate/],
    ['two documents', 'a: hunter2\n---\nb: 2\n', '2:1', '', /second document/],
    ['nothing', '', '1:1', '', /empty/],
    ['only a comment', '# hunter2\n', '1:1', '', /empty/],
    ['an unknown anchor', 'a: *hunter2\n', '1:4', 'a', /anchor/],
    ['an open quote', 'a: "hunter2\n', '2:1', '', /missing here/],
    ['a colon too many', 'a: hunter2: x\n', '1:4', '', /middle of a line/],
    ['a tab', 'a:\n\thunter2: 1\n', '2:1', '', /tab/],
    ['a reserved character', 'a: @hunter2\n', '1:4', '', /quotes/],
    ['an unknown directive', '%HUNTER2 x\n---\na: 1\n', '1:1', '', /directive/],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), '1:65', '[0]'.repeat(64), /64 levels/],
    ['itself inside of itself', 'a: &a [*a]\n', undefined, undefined, /64 levels/],
    ['101 aliases', `a: &a 1\nb: [${'*a,'.repeat(101)}]\n`, '2:305', 'b[100]', /100 aliases/],
  ])('with %s is refused with its place and never a value', (_, text, place, path, words) => {
    const error = refusalOf(text)
    expect(error.code).toBe('invalid-data')
    if (place !== undefined) expect(error.message.startsWith(`f.yaml:${place}: `)).toBe(true)
    if (path !== undefined) expect(error.issues[0]?.path).toBe(path)
    expect(error.message).toMatch(words)
    expect(error.message).not.toMatch(/hunter2|vault|HUNTER2/)
    expect(JSON.stringify(error.issues)).not.toMatch(/hunter2|vault|HUNTER2/)
  })

  it('of ten thousand levels does not overflow the stack', () => {
    for (const text of [
      '['.repeat(10_000),
      '['.repeat(10_000) + ']'.repeat(10_000),
      '{a: '.repeat(10_000),
      '- '.repeat(10_000),
      '? '.repeat(10_000),
    ]) {
      expect(refusalOf(text)).toMatchObject({
        code: 'invalid-data',
        message: expect.stringMatching(/64 levels/) as string,
      })
    }
  })

  it('whose aliases would fill the memory is refused', () => {
    const laughs = Array.from(
      'bcdefghi',
      (letter, index) => `${letter}: &${letter} [${`*${'abcdefgh'[index]},`.repeat(10)}]`,
    )
    expect(refusalOf(['a: &a [x,x,x,x,x,x,x,x,x,x]', ...laughs].join('\n')).message).toMatch(/100 aliases/)
    expect(refusalOf(`a: &a ${'x'.repeat(500_000)}\nb: [*a,*a,*a]`).code).toBe('too-large')
  })

  it('of many keys is read in linear time', () => {
    const text = (count: number) => Array.from({ length: count }, (_, index) => `k${index}: 1`).join('\n')
    expect(Object.keys(yaml(text(20_000)) as object)).toHaveLength(20_000)
  })

  it('comes out as any JSON value that was written as YAML', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
        let canonical: string
        try {
          canonical = canonicalize(value)
        } catch {
          // Nothing that a document may hold, such as -0.
          return
        }
        expect(
          canonicalize(
            yaml(
              stringify(value, {
                version: '1.2',
                aliasDuplicateObjects: false,
                defaultKeyType: 'QUOTE_DOUBLE',
              }),
            ),
          ),
        ).toBe(canonical)
      }),
      // A plain `<<` is a merge key, which is refused.
      { numRuns: 300, examples: [[{ '<<': 0 }]] },
    )
  })

  it('throws nothing but errors of ours, whatever it holds', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '!x ',
      '|',
      '>',
      '#',
      '%',
      '---',
      '...',
      '? ',
      '<<',
      '1',
      '.inf',
      '\t',
      '\\',
      '~',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
        try {
          canonicalize(yaml(pieces.join('')))
        } catch (error) {
          expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a file as a source', () => {
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(await temporaryFolder(), name)
    await writeFile(path, content)
    return path
  }

  it('is read by the ending of its name', async () => {
    expect(await configFile(await write('a.json', '{ "a": 1 }')).read(never)).toEqual({ a: 1 })
    expect(await configFile(await write('a.yaml', 'a: 1')).read(never)).toEqual({ a: 1 })
    expect(await configFile(await write('a.YML', 'a: 1')).read(never)).toEqual({ a: 1 })
    expect(() => configFile('a.toml')).toThrow(/neither .json nor .yaml/)
    expect(() => jsonFile('')).toThrow(/path of a file/)
    expect(() => yamlFile('a\0')).toThrow(/path of a file/)
  })

  it('says what is wrong with file, line and column', async () => {
    const json = await write('a.json', '{\n  "a": 1,\n  "a": 2\n}')
    await expect(jsonFile(json).read(never)).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining(`${json}:3:3: `) as string,
    })
    const text = await write('a.yaml', 'a: 1\na: 2')
    await expect(yamlFile(text).read(never)).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining(`${text}:2:1: `) as string,
    })
  })

  it('refuses what is not UTF-8, and what begins with a byte order mark', async () => {
    for (const [name, source] of [
      ['a.json', jsonFile],
      ['a.yaml', yamlFile],
    ] as const) {
      for (const [bytes, words] of [
        [[0x22, 0xff, 0x22], /not UTF-8/],
        [[0x22, 0xc3, 0x22], /not UTF-8/],
        [[0xed, 0xa0, 0x80], /not UTF-8/],
        [[0xef, 0xbb, 0xbf, 0x31], /byte order mark/],
        [[0xff, 0xfe, 0x31, 0x00], /UTF-16/],
      ] as const) {
        await expect(source(await write(name, new Uint8Array(bytes))).read(never)).rejects.toMatchObject({
          code: 'invalid-data', message: expect.stringMatching(words) as string,
        }) // prettier-ignore
      }
    }
  })

  it('is limited before it is parsed, and after', async () => {
    const big = `"${'x'.repeat(2_000)}"`
    await expect(
      jsonFile(await write('a.json', big), { maxSnapshotBytes: 1_000 }).read(never),
    ).rejects.toMatchObject({ code: 'too-large' })
    await expect(
      jsonFile(await write('a.json', ' '.repeat(5_000)), { maxSnapshotBytes: 1_000 }).read(never),
    ).rejects.toMatchObject({ code: 'too-large' })
    await expect(
      yamlFile(await write('a.yaml', big), { maxSnapshotBytes: 1_000 }).read(never),
    ).rejects.toMatchObject({ code: 'too-large' })
    await expect(
      yamlFile(await write('a.yaml', `a: &a ${'x'.repeat(400)}\nb: [*a, *a]`), {
        maxSnapshotBytes: 1_000,
      }).read(never),
    ).rejects.toMatchObject({ code: 'too-large' })
    expect(
      await jsonFile(await write('a.json', `${' '.repeat(3_000)}1`), { maxSnapshotBytes: 1_000 }).read(never),
    ).toBe(1)
  })

  it('says what stands in its place', async () => {
    const folder = await temporaryFolder()
    await expect(jsonFile(join(folder, 'no.json')).read(never)).rejects.toMatchObject({ code: 'not-found' })
    await expect(jsonFile(folder).read(never)).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(/a folder stands/) as string,
    })
    await symlink('loop.json', join(folder, 'loop.json'))
    await expect(jsonFile(join(folder, 'loop.json')).read(never)).rejects.toMatchObject({
      code: 'invalid-data',
    })
  })

  /** Follows the changes of a file until the test ends them. */
  const follow = (path: string, options = {}) => {
    const source = jsonFile(path, { settleMs: 1, ...options })
    const abort = new AbortController()
    const changes = source.changes!(abort.signal)[Symbol.asyncIterator]()
    return { source, abort, changes }
  }

  it('tells of each way in which a file changes', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'a.json')
    await writeFile(path, '1')
    const { source, abort, changes } = follow(path)
    expect(await source.read(never)).toBe(1)
    const steps: [string, () => Promise<unknown>][] = [
      ['written in place', () => writeFile(path, '2')],
      ['renamed over', async () => {
        await writeFile(join(folder, '.a.json.swp'), '3')
        await rename(join(folder, '.a.json.swp'), path)
      }],
      ['removed and written', async () => {
        await rm(path)
        await writeFile(path, '4')
      }],
    ] // prettier-ignore
    for (const [index, [, change]] of steps.entries()) {
      const told = nextOf(changes)
      await change()
      await told
      expect(await source.read(never)).toBe(index + 2)
    }
    const end = changes.next()
    abort.abort()
    expect(await end).toMatchObject({ done: true })
  })

  it('tells of a ConfigMap whose folder is swapped', async () => {
    const folder = await temporaryFolder()
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..version-${version}`))
      await writeFile(join(folder, `..version-${version}`, 'a.json'), version)
    }
    await symlink('..version-1', join(folder, '..data'))
    await symlink('..data/a.json', join(folder, 'a.json'))
    const { source, abort, changes } = follow(join(folder, 'a.json'))
    expect(await source.read(never)).toBe(1)
    const told = nextOf(changes)
    await symlink('..version-2', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await told
    expect(await source.read(never)).toBe(2)
    abort.abort()
  })

  it('tells of a change between a read and the watch, and of what the system does not tell', async () => {
    const folder = await temporaryFolder()
    const target = join(folder, 'elsewhere')
    await mkdir(target)
    await writeFile(join(target, 'a.json'), '1')
    await symlink(join(target, 'a.json'), join(folder, 'a.json'))
    const { source, abort, changes } = follow(join(folder, 'a.json'), { pollIntervalMs: 5 })
    expect(await source.read(never)).toBe(1)
    await writeFile(join(target, 'a.json'), '2')
    await nextOf(changes)
    expect(await source.read(never)).toBe(2)
    // The folder of the link hears nothing of this; the poll does.
    const told = nextOf(changes)
    await writeFile(join(target, 'a.json'), '3')
    await told
    expect(await source.read(never)).toBe(3)
    abort.abort()
    expect(await changes.next()).toMatchObject({ done: true })
  })

  it.each([
    ['while the first look of the watch is under way', 1],
    ['before the watch looks', 0],
  ])('tells of a change that comes after a read, %s', async (_, held) => {
    const clock = virtualClock()
    const files = new Map([['/a.json', encodeText('1')]])
    const disk = memoryDisk(files)
    let looks = 0
    let look = (): void => {}
    const looked = new Promise<void>(resolve => (look = resolve))
    const fs: Fs = {
      ...disk,
      async read(path, maxBytes) {
        looks += 1
        // The disk takes its time, and gives what stands there in the end.
        if (looks === held) await looked
        return disk.read(path, maxBytes)
      },
    }
    const source = jsonFile('/a.json', { fs, system: { clock }, pollIntervalMs: 1_000 })
    const ending = new AbortController()
    const changes = source.changes!(ending.signal)[Symbol.asyncIterator]()
    const told = nextOf(changes)
    const reading = source.read(never)
    await clock.advance(100)
    expect(await reading).toBe(1)
    files.set('/a.json', encodeText('2'))
    look()
    let isTold = false
    void told.then(() => (isTold = true))
    await clock.advance(1_500)
    expect(isTold).toBe(true)
    ending.abort()
    expect(await changes.next()).toMatchObject({ done: true })
  })

  it('does not tell of a file that was touched and holds the same', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'a.json')
    await writeFile(path, '1')
    const { source, abort, changes } = follow(path, { pollIntervalMs: 2 })
    await source.read(never)
    let told = 0
    const done = changes.next().then(({ done: ended }) => {
      told += ended === true ? 0 : 1
    })
    for (let round = 0; round < 10; round += 1) await writeFile(path, '1')
    abort.abort()
    await done
    // Truncated for a moment it may have been seen empty; it is never told as a change of the value
    // itself.
    expect(told).toBeLessThanOrEqual(1)
  })
})
