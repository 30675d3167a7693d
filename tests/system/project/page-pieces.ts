import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../scripts/entry-points.js'

/** The code blocks of a page in one language, in their order. */
export function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )
}

/** A page whose pieces of TypeScript are compiled. */
interface Page {
  readonly page: string
  /** How many pieces it has at least. */
  readonly least: number
  /** What its shorter pieces take for granted. */
  readonly surroundings: string
  /** What its pieces import, or find beside them. */
  readonly files?: Readonly<Record<string, string>>
}

/** What the pieces about one program take for granted. */
const SERVICE = `
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createClient, createPublisher, envOverrides, everyone, http, httpStore, hybrid, type Client, type Publisher } from 'noticeboard'
import { fileStore, stateFolder } from 'noticeboard/node'
import { createHandler } from 'noticeboard/server'
import * as z from 'zod'

const schema = z.object({ pool: z.object({ size: z.number().int().min(1).max(1000) }) })
declare const config: Client<z.output<typeof schema>>
declare const publisher: Publisher<z.input<typeof schema>>
declare const token: string
declare function readToken(): Promise<string>
declare function log(...words: unknown[]): void
interface Pool { close(): void }
declare const db: { resize(size: number): void; connect(size: number): Promise<Pool>; use(pool: Pool): void; isUp(): boolean }
declare const app: { use(path: string, handler: (req: IncomingMessage, res: ServerResponse) => void): void }
`

const README: Page = { page: 'README.md', least: 1, surroundings: SERVICE }

const CLIENT: Page = {
  page: 'docs/client.md',
  least: 4,
  surroundings: SERVICE,
  files: {
    'service.ts': `
import type { Client } from 'noticeboard'
import * as z from 'zod'
export const schema = z.object({ pool: z.object({ size: z.number() }) })
export function createService(config: Client<z.output<typeof schema>>): { capacity(): Promise<number> } {
  return { capacity: async () => config.current.pool.size }
}
`,
    'globals.d.ts': `
declare function test(title: string, run: () => Promise<void>): void
declare function expect(value: unknown): { toBe(value: unknown): void }
`,
  },
}

const PUBLISHING: Page = { page: 'docs/publishing.md', least: 3, surroundings: SERVICE }

const ERRORS: Page = {
  page: 'docs/errors.md',
  least: 1,
  surroundings: `${SERVICE}\nimport { isNoticeboardError } from 'noticeboard'\n`,
}

const STRATEGIES: Page = {
  page: 'docs/strategies.md',
  least: 2,
  surroundings: `
import { hybrid, onDemand, pull, push } from 'noticeboard'
import type { WatchTransport } from 'noticeboard/core'

declare const transport: WatchTransport
`,
}

const TRANSPORTS: Page = { page: 'docs/transports.md', least: 1, surroundings: SERVICE }

const RECIPES: Page = {
  page: 'docs/recipes.md',
  least: 4,
  surroundings: '',
  // As much of NestJS as the page uses; the tests of the package compile against the real one.
  files: {
    'nestjs-common.d.ts': `
declare module '@nestjs/common' {
  export function Global(): ClassDecorator
  export function Injectable(): ClassDecorator
  export function Inject(token: symbol): ParameterDecorator
  export function Module(about: { providers?: readonly object[]; exports?: readonly symbol[] }): ClassDecorator
  export interface OnApplicationShutdown { onApplicationShutdown(): unknown }
}
`,
  },
}

const ROLLOUTS: Page = {
  page: 'docs/rollouts.md',
  least: 8,
  surroundings: `
import { canary, createClient, createController, createPublisher, everyone, http, linear, pull, staged, timed, type Client, type Publisher } from 'noticeboard'
import { webhook, type Gate, type GateQuestion, type Store } from 'noticeboard/core'
import { serve } from 'noticeboard/server'
import * as z from 'zod'

const schema = z.object({ pool: z.object({ size: z.number() }), newCheckout: z.boolean().default(false) })
declare const publisher: Publisher<z.input<typeof schema>>
declare const next: z.input<typeof schema>
declare const store: Store
declare function log(...words: unknown[]): void
declare function queryMetrics(about: Pick<GateQuestion, 'stage' | 'candidate' | 'fleet'>, signal: AbortSignal): Promise<{ p99?: number }>
`,
}

/** The files in which a page's pieces of TypeScript stand, by their names. */
export interface PagePieces {
  readonly page: string
  readonly pieces: number
  /** How many there are at least. */
  readonly least: number
  readonly files: Readonly<Record<string, string>>
}

/**
 * A piece that begins with `import` is a module, and one that begins with the name of a file is that
 * file; any other is a body, for which the page's surroundings stand before it.
 */
export const pagePieces: readonly PagePieces[] = [
  README,
  CLIENT,
  PUBLISHING,
  ERRORS,
  STRATEGIES,
  TRANSPORTS,
  RECIPES,
  ROLLOUTS,
].map(({ page, least, surroundings, files = {} }) => {
  const pieces = blocksOf(page, 'ts')
  const written = pieces.map((piece, index): [string, string] => {
    const name = /^\/\/ (\S+\.ts)\n/.exec(piece)?.[1]
    if (name !== undefined) return [name, piece]
    return [
      `piece-${index}.ts`,
      piece.startsWith('import ')
        ? piece
        : `${surroundings}\nexport async function piece(): Promise<void> {\n${piece}\n}\n`,
    ]
  })
  return { page, least, pieces: pieces.length, files: { ...files, ...Object.fromEntries(written) } }
})

/** How they are compiled, as in a tsconfig.json. */
export const PIECE_OPTIONS = {
  strict: true,
  noEmit: true,
  target: 'es2022',
  lib: ['es2023', 'dom', 'esnext.disposable'],
  module: 'nodenext',
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  types: ['node'],
  skipLibCheck: true,
} as const
