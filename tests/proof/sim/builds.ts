import { z } from 'zod'
import { envOverrides, type Overrides } from '../../../src/client/apply/overrides.js'
import type { Platform } from '../../../src/contracts/system.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import type { Json } from '../../../src/contracts/json.js'

/** The schema that publishers and the first build go by. */
export const schema = z.object({ n: z.number().int().min(1), name: z.string() })
export type Document = z.output<typeof schema>

/**
 * The next build of the application: it takes less, and what it makes of a document has a member
 * more.
 */
const nextSchema = z.object({
  n: z.number().int().min(1).max(900_000),
  name: z.string(),
  note: z.string().default('none'),
})

/** A version of the application. */
export type Build = 'b1' | 'b2'

/** What each build goes by. */
export const SCHEMAS: Readonly<Record<Build, typeof schema>> = {
  b1: schema,
  b2: nextSchema as unknown as typeof schema,
}

/** What a client has that has nothing else. */
export const DEFAULTS: Document = { n: 1, name: 'default' }

const NUMBER = 77

/** A hand that an operator laid on one client. */
export function overridesOf(platform: Platform): Overrides {
  const variables: Readonly<Record<string, string>> = { SIM_N: String(NUMBER) }
  return envOverrides('SIM_', {
    system: {
      platform: {
        ...platform,
        environment: name => variables[name],
        environmentNames: prefix => Object.keys(variables).filter(name => name.startsWith(prefix)),
      },
    },
  })
}

/**
 * What a build makes of a document that was published, worked out apart from the library; undefined
 * when it refuses it.
 */
export function madeOf(document: unknown, build: Build, overridden: boolean): unknown {
  const laid = overridden ? { ...(document as object), n: NUMBER } : document
  return SCHEMAS[build].safeParse(laid).data
}

/** The same as text, of text. */
export function madeTextOf(text: string, build: Build, overridden: boolean): string {
  return canonicalize(madeOf(JSON.parse(text) as Json, build, overridden) ?? null)
}
