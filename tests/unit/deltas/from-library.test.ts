import { describe, expect, test } from 'vitest'
import { zstdDeltas, type ZstdLibrary } from '../../../src/deltas/index.js'
import { deltasBy, fromLibrary } from '../../../src/deltas/zstd-deltas.js'

/** A library that makes the one byte 7 of what its dictionary holds already, once it is ready. */
function library(isReady: boolean): ZstdLibrary & { readonly inits: () => number } {
  let ready = isReady
  let inits = 0
  const only = (): number => {
    if (!ready) throw new TypeError('not ready')
    return 1
  }
  return {
    inits: () => inits,
    async init() {
      inits += 1
      await new Promise(resolve => setTimeout(resolve, 1))
      ready = true
    },
    createCCtx: () => only(),
    freeCCtx: only,
    compressUsingDict: () => Uint8Array.of(7),
    createDCtx: () => only(),
    freeDCtx: only,
    decompressUsingDict: (_context, _frame, dictionary) => dictionary.slice(),
  }
}

describe('a library of Zstandard', () => {
  test('is made ready once in a process, however many ask at the same time and later', async () => {
    const shared = library(false)
    const ask = async (): Promise<unknown> => zstdDeltas(async () => ({ ...shared })).codec()
    const codecs = [...(await Promise.all([ask(), ask(), ask()])), await ask()]
    expect(codecs.every(codec => codec !== undefined)).toBe(true)
    expect(shared.inits()).toBe(1)
  })

  test('that the application has made ready is left as it is', async () => {
    const used = library(true)
    expect(await zstdDeltas(async () => used).codec()).toBeDefined()
    expect(used.inits()).toBe(0)
  })

  test('that could not be loaded is looked for again, unless it is not installed', async () => {
    for (const [code, times] of [
      ['EMFILE', 2],
      ['ERR_MODULE_NOT_FOUND', 1],
    ] as const) {
      let loads = 0
      const deltas = zstdDeltas(async () => {
        loads += 1
        throw Object.assign(new Error('cannot load'), { code })
      })
      expect(await deltas.codec()).toBeUndefined()
      expect(await deltas.codec()).toBeUndefined()
      expect(loads).toBe(times)
    }
  })

  test('is expected without being loaded, until it turns out that there is none', async () => {
    let loads = 0
    const deltas = zstdDeltas(async () => {
      loads += 1
      throw Object.assign(new Error('cannot load'), { code: 'ERR_MODULE_NOT_FOUND' })
    })
    expect([deltas.expected, loads]).toEqual([true, 0])
    await deltas.codec()
    expect([deltas.expected, loads]).toEqual([false, 1])
  })
})

describe('a compressor that nobody vouches for', () => {
  test('is looked for once anybody asks, and expected once it is there', async () => {
    const none = deltasBy(async () => undefined)
    const some = deltasBy(async () => fromLibrary(library(true)))
    expect([none.expected, some.expected]).toEqual([undefined, undefined])
    await Promise.all([none.codec(), some.codec()])
    expect([none.expected, some.expected]).toEqual([false, true])
  })

  test('is expected at once where the runtime has it', async () => {
    const zstd = await fromLibrary(library(true))
    if (zstd === undefined) throw new Error('the library of this file heeds its dictionary')
    expect(deltasBy(() => zstd).expected).toBe(true)
  })
})
