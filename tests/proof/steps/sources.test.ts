import { expect } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../../src/contracts/json.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Fs } from '../../../src/contracts/system.js'
import { encodeText } from '../../../src/core/json/text.js'
import type { FileSourceOptions } from '../../../src/node/sources/file-source.js'
import { configFile, jsonFile, yamlFile } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import { simDisk } from '../../../src/sim/disk.js'
import { startProcess } from '../../../src/sim/process.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { atEachStep, driven, meanwhile, type Stage } from '../../support/at-each-step.js'
import { NAMESPACE, never } from '../../support/board-kit.js'
import { damaged, failingAs } from '../../support/failures.js'
import type { Steps } from '../../support/steps.js'

const FOLDER = '/etc/checkout'
const POLL_MS = 5_000
const LAST = { n: 5 }

/** Every kind of file; a new one is tried like the others. */
const FILES: Readonly<
  Record<string, { readonly path: string; make(path: string, options: FileSourceOptions): Source }>
> = {
  jsonFile: { path: `${FOLDER}/config.json`, make: jsonFile },
  yamlFile: { path: `${FOLDER}/config.yaml`, make: yamlFile },
  configFile: { path: `${FOLDER}/config.yml`, make: configFile },
}

interface Tools {
  readonly source: Source
  readonly clock: VirtualClock
  readonly signal: AbortSignal
}

/** What is done with a source: each ends with the last content, once that is there. */
const DOINGS: Readonly<Record<string, { readonly leastSteps: number; run(tools: Tools): Promise<Json> }>> = {
  'read()': { leastSteps: 2, run: ({ source, signal }) => source.read(signal) },
  'changes()': {
    leastSteps: 6,
    async run({ source, signal }) {
      let found = await source.read(signal)
      if (isLast(found)) return found
      for await (const _ of source.changes?.(signal) ?? []) {
        // Between the two steps of a rename, or while the disk fails, there is nothing; another
        // change comes then.
        found = await source.read(signal).catch(() => found)
        if (isLast(found)) return found
      }
      return found
    },
  },
  'follow()': {
    leastSteps: 6,
    async run({ source, signal, clock }) {
      const store = memory({ system: { clock } })
      const publisher = createPublisher({
        namespace: NAMESPACE,
        schema: z.object({ n: z.number() }),
        store,
        system: { clock, random: seededRandom(1) },
      })
      try {
        for await (const step of publisher.follow(source, {
          rollout: everyone(),
          reason: 'a test',
          signal,
        })) {
          const current = step.type === 'published' ? await publisher.current() : undefined
          if (isLast(current?.document)) return LAST
        }
        return (await publisher.current())?.document ?? null
      } finally {
        await publisher.close()
      }
    },
  },
}

const isLast = (document: unknown): boolean => (document as { n?: number } | undefined)?.n === LAST.n

interface Scene extends Stage<Json> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  readonly put: (document: Json) => Promise<void>
  readonly moveAway: () => Promise<void>
}

async function open(steps: Steps, kind: string, doing: string): Promise<Scene> {
  const { path, make } = FILES[kind] as (typeof FILES)[string]
  const { run } = DOINGS[doing] as (typeof DOINGS)[string]
  const clock = virtualClock()
  const disk = simDisk(clock, seededDice(1, 'disk'))
  const own = startProcess('app.1', { clock, seed: 1 })
  const editor: Fs = disk.mount(startProcess('editor.1', { clock, seed: 1 }))
  let written = 0
  /** Each time another text, so that the same document is an edit as well. */
  const put = async (document: Json): Promise<void> => {
    written += 1
    const temporary = `${FOLDER}/.new-${written}`
    await editor.create(temporary, encodeText(`${JSON.stringify(document)}${'\n'.repeat(written)}`))
    await editor.rename(temporary, path)
  }
  await driven(clock, put({ n: 1 }))
  const source = make(path, { fs: steps.around('disk', disk.mount(own)), system: { clock } })
  const caller = new AbortController()
  /**
   * An edit, and more of them: after some failures nothing but the next edit is a reason to read
   * again.
   */
  const edit = async (running: Promise<unknown>): Promise<void> => {
    const over = new AbortController()
    const forget = (): void => over.abort()
    running.then(forget, forget)
    await clock.sleep(1_000, never)
    while (!over.signal.aborted) {
      await put(LAST)
      await clock.sleep(10 * POLL_MS, over.signal)
    }
  }

  return {
    clock,
    caller,
    signals: [caller.signal],
    put,
    async moveAway() {
      await editor.rename(path, `${FOLDER}/away`)
      await clock.sleep(2 * POLL_MS, never)
      // Unless a newer one took its place.
      if ((await editor.stat(path)) === undefined) await editor.rename(`${FOLDER}/away`, path)
    },
    async run() {
      const running = run({ source, clock, signal: caller.signal })
      const editing = edit(running)
      try {
        return await running
      } finally {
        await editing
      }
    },
    async judge(end, happened) {
      const isHeard = doing !== 'read()'
      if (!end.ok) {
        if (caller.signal.aborted) return
        const { code } = end.error as { code?: string }
        // What follows a source begins with a look at it; a failure of that is told.
        expect(
          happened === 'a file that is gone for a while'
            ? ['not-found']
            : happened === 'a damaged answer'
              ? ['invalid-data']
              : ['unavailable', 'unauthorized'],
        ).toContain(code)
      } else if (isHeard && !caller.signal.aborted && happened !== 'a newer document')
        expect(end.result).toEqual(LAST)
      // Whatever happened, the file is read as it is now.
      await clock.sleep(3 * POLL_MS, never)
      await put({ n: 9 })
      expect(await source.read(never)).toEqual({ n: 9 })
      await put(LAST)
      expect(await run({ source, clock, signal: never })).toEqual(LAST)
    },
    end() {
      own.kill()
    },
  }
}

for (const kind of Object.keys(FILES))
  for (const [doing, { leastSteps }] of Object.entries(DOINGS))
    atEachStep<Json, Scene>({
      name: `${kind}: ${doing}`,
      leastSteps,
      open: steps => open(steps, kind, doing),
      happenings: {
        'a failure': failingAs('EIO'),
        'no permission': failingAs('EACCES'),
        'a late answer': ({ clock }, _place, over) => clock.sleep(3_000, over),
        'a damaged answer': damaged,
        "the caller's abort": meanwhile(({ caller }) => caller.abort()),
        'a newer document': ({ put }) => put({ n: 3 }),
        'a newer document, and the last': async ({ put }) => {
          await put({ n: 3 })
          await put(LAST)
        },
        'a file that is gone for a while': meanwhile(({ moveAway }) => moveAway()),
      },
    })
