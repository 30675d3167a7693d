import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import { createPublisher } from '../../../src/publisher/publisher.js'
import { everyone } from '../../../src/rollouts/everyone.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { permanentFolder } from '../../support/board-kit.js'
import {
  BRITTLE_NAMESPACE as namespace,
  type BrittleCommand,
  type Deadly,
} from '../../support/processes/brittle.js'
import { startChild, type Child } from '../../support/processes/child.js'

const schema: z.ZodType<{ readonly n: number; readonly deadly?: Deadly }> = z.any()

/** Periods of the program, in milliseconds: a sixtieth of the defaults. */
export const PERIODS = { soakMs: 1_000, beatMs: 100 } as const

/** A program without a sign of life for this long hangs, in milliseconds. */
const HANGS_MS = 2_000

/** How a life of the program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

/** One life of the program. */
export interface Life {
  readonly child: Child
  /** The versions that came into force. */
  readonly ran: number[]
  ended: Ended | undefined
}

/** A board, and a program that is started again each time it ends. */
export interface Supervised {
  readonly lives: readonly Life[]
  /** How many lives ended by another code than 0. */
  readonly deaths: number
  publish(document: { readonly n: number; readonly deadly?: Deadly }): Promise<void>
  /** Starts one more process over the same folder. */
  start(command?: Partial<BrittleCommand>): Life
  /** Starts a process, and another one each time it ends. */
  keepAlive(command?: Partial<BrittleCommand>): void
  /** Whether a life has saved that it runs this version. */
  saved(version: number): Promise<boolean>
  /** Whether a life has saved that it earned this version. */
  earned(version: number): Promise<boolean>
  /** Resolves when it holds; rejects after a while. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>
}

/** Of the files of a state folder, what tells what ran. */
interface SavedFile {
  readonly current?: { readonly version: number }
  readonly good?: readonly { readonly version: number }[]
}

/** Makes a {@link Supervised} that ends with its test. */
export async function supervised(
  script: string,
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
): Promise<Supervised> {
  const [board, folder] = await Promise.all([permanentFolder(), permanentFolder()])
  const store = fileStore(board)
  const publisher = createPublisher({ namespace, schema, store })
  const lives: Life[] = []
  let over = false
  let again = false
  onTestFinished(async () => {
    over = true
    for (const { child, ended } of lives) if (ended === undefined) child.kill()
    await Promise.all(lives.map(({ child }) => child.ended))
    await store.close()
  })

  const start = (command: Partial<BrittleCommand> = {}): Life => {
    const child = startChild(script)
    const life: Life = { child, ran: [], ended: undefined }
    lives.push(life)
    let hung: NodeJS.Timeout | undefined
    child.onLine(line => {
      clearTimeout(hung)
      if (life.ended === undefined) hung = setTimeout(child.kill, HANGS_MS)
      const [, version] = /^runs (\d+)$/.exec(line) ?? []
      if (version !== undefined) life.ran.push(Number(version))
    })
    void child.ready.then(() => child.start({ board, state: folder, ...PERIODS, ...command }))
    void child.ended.then(({ code, signal }) => {
      clearTimeout(hung)
      life.ended = { code, signal }
      if (again && !over) start(command)
    })
    return life
  }

  const files = async (): Promise<readonly SavedFile[]> => {
    const names = await readdir(folder, { recursive: true })
    const paths = names.filter(name => name.endsWith('.json')).map(name => join(folder, name))
    // A file that is replaced meanwhile is looked at the next time.
    const texts = await Promise.all(paths.map(path => readFile(path, 'utf8').catch(() => '{}')))
    return texts.map(text => JSON.parse(text) as SavedFile)
  }

  return {
    lives,
    get deaths() {
      return lives.filter(({ ended }) => ended !== undefined && ended.code !== 0).length
    },
    async publish(document) {
      await publisher.publish(document, { rollout: everyone(), reason: 'a test' })
    },
    start,
    keepAlive(command) {
      again = true
      start(command)
    },
    saved: async version => (await files()).some(({ current }) => current?.version === version),
    earned: async version =>
      (await files()).some(({ good = [] }) => good.some(saved => saved.version === version)),
    async until(condition, what) {
      for (let left = 600; !(await condition()); left -= 1) {
        if (left === 0)
          throw new Error(`${what}: ${JSON.stringify(lives.map(({ ran, ended }) => ({ ran, ended })))}`)
        await new Promise(resolve => void setTimeout(resolve, 50))
      }
    },
  }
}
