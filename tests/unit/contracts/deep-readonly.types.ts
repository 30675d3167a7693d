// Compiled by `npm run check -- types` and never run: what follows holds if it compiles.
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { createClient, memory, pull, type Client, type DeepReadonly } from '../../../src/index.js'
import { fakeClient } from '../../../src/testing/index.js'

type Tree = { name: string; children: Tree[] }
type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
const tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => tree.array()) })

class Money {
  readonly #cents: number
  currency = 'EUR'
  constructor(cents: number) {
    this.#cents = cents
  }
  cents(): number {
    return this.#cents
  }
}

const schema = z.object({
  pool: z.object({ size: z.number(), name: z.string().brand<'name'>() }),
  hosts: z.array(z.object({ url: z.string() })),
  pair: z.tuple([z.string(), z.object({ port: z.number() })]),
  some: z.tuple([z.string()], z.number()),
  none: z.tuple([]),
  perhaps: z.tuple([z.string().optional()]),
  regions: z.record(z.string(), z.object({ weight: z.number() })),
  mode: z.discriminatedUnion('type', [
    z.object({ type: z.literal('fast'), level: z.number() }),
    z.object({ type: z.literal('slow') }),
  ]),
  limits: z.object({ cpu: z.number().optional(), note: z.string().nullable() }).readonly(),
  fixed: z.array(z.object({ x: z.number() })).readonly(),
  since: z.coerce.date(),
  table: z.map(z.string(), z.object({ size: z.number() })),
  tags: z.set(z.string()),
  price: z.instanceof(Money),
  match: z.string().transform(text => (other: string) => other === text),
  tree,
  json: z.json(),
  loose: z.any(),
  unknown: z.unknown(),
})
type Config = z.infer<typeof schema>

declare const config: Client<Config>
const { current } = config

/** What runs fits wherever the schema's own type is wanted. */
function worksWithTheSchemasType(): void {
  const whole: Config = current
  const pool: Config['pool'] = current.pool
  const hosts: Config['hosts'] = current.hosts
  const some: [string, ...number[]] = current.some
  const perhaps: Config['perhaps'] = current.perhaps
  const none: [] = current.none
  const mode: Config['mode'] = current.mode
  const money: Money = current.price
  const json: Json = current.json
  const branch: Tree = current.tree.children
    .map(child => child)
    .concat(current.tree)
    .reduce(first => first)
  void [whole, pool, hosts, some, perhaps, none, mode, money, json, branch]
  // And the other way: a value of the schema's type is a configuration.
  const seen: DeepReadonly<Config> = whole
  void seen
}

/** No property can be assigned, however deep. */
function refusesAssignment(): void {
  // @ts-expect-error read-only
  current.pool = { ...current.pool }
  // @ts-expect-error read-only
  current.pool.size = 3
  // @ts-expect-error read-only
  config.running.value.pool.size = 3
  for (const host of current.hosts) {
    // @ts-expect-error read-only, in an element of an array too
    host.url = ''
  }
  // @ts-expect-error read-only
  current.pair[1].port = 1
  for (const region of Object.values(current.regions)) {
    // @ts-expect-error read-only
    region.weight = 1
  }
  // @ts-expect-error read-only
  current.regions['eu'] = { weight: 1 }
  if (current.mode.type === 'fast') {
    // @ts-expect-error read-only, in each member of a union
    current.mode.level = 1
  }
  for (const { children } of current.tree.children) {
    for (const child of children) {
      // @ts-expect-error read-only, all the way down a recursive type
      child.name = ''
    }
  }
  // @ts-expect-error arrays that were declared read-only stay so
  current.fixed.push({ x: 1 })

  config.select(value => {
    // @ts-expect-error read-only
    value.pool.size = 3
    return value.pool
  }).current satisfies DeepReadonly<Config['pool']>
  config.subscribe(value => {
    // @ts-expect-error read-only
    value.pool.size = 3
  })
  config.participate({
    name: 'pool',
    prepare(next) {
      // @ts-expect-error read-only
      next.pool.size = 3
      return { commit() {} }
    },
  })
  config.on('change', ({ current: now, previous, running }) => {
    // @ts-expect-error read-only
    now.pool.size = 3
    // @ts-expect-error read-only
    running.value.pool.size = 3
    // @ts-expect-error read-only
    if (previous !== undefined) previous.pool.size = 3
  })
}

/** What is no plain object keeps its type. */
function leavesInstancesAlone(): void {
  expectTypeOf(current.since).toEqualTypeOf<Date>()
  expectTypeOf(current.table).toEqualTypeOf<Map<string, { size: number }>>()
  expectTypeOf(current.tags).toEqualTypeOf<Set<string>>()
  expectTypeOf(current.price).toEqualTypeOf<Money>()
  expectTypeOf(current.match).toEqualTypeOf<(other: string) => boolean>()
  expectTypeOf(current.pool.name).toEqualTypeOf<Config['pool']['name']>()
  expectTypeOf(current.loose).toBeAny()
  expectTypeOf(current.unknown).toBeUnknown()
  expectTypeOf<DeepReadonly<never>>().toBeNever()
  expectTypeOf(current.some).toEqualTypeOf<[string, ...number[]]>()
  expectTypeOf(current.limits).toEqualTypeOf<{
    readonly cpu?: number | undefined
    readonly note: string | null
  }>()
}

/** Every door gives the same type, and any client fits where one of unknown content is wanted. */
function isTheSameEverywhere(): void {
  const options = { namespace: 'a', schema, strategy: pull(memory()) }
  expectTypeOf(createClient(options)).toEqualTypeOf<Client<Config>>()
  expectTypeOf(createClient(options).current).toEqualTypeOf<DeepReadonly<Config>>()
  const some: Client<unknown> = config
  const fake: Client<Config> = fakeClient(schema, null as unknown as z.input<typeof schema>)
  void [some, fake]
  createClient({
    ...options,
    validators: [
      {
        name: 'a',
        validate(value) {
          // @ts-expect-error read-only
          value.pool.size = 3
        },
      },
    ],
  })
}

void [worksWithTheSchemasType, refusesAssignment, leavesInstancesAlone, isTheSameEverywhere]
