// A program over a schema of any library: `schema.ts` is the one of the library that is tried.
import {
  createClient,
  createPublisher,
  everyone,
  isNoticeboardError,
  memory,
  pull,
  type Client,
  type InputOf,
  type OutputOf,
} from 'noticeboard'
import { fakeClient } from 'noticeboard/testing'
import { schema, type Output } from './schema.js'

interface Document {
  pool: { size: number; name: string }
  hosts: string[]
}

/** What the schema makes of it: `name` becomes its length. */
interface Config {
  pool: { size: number; name: number }
  hosts: string[]
}

const store = memory()
const publisher = createPublisher({ namespace: 'shop/prod', schema, store })
const document: Document = { pool: { size: 20, name: 'main' }, hosts: ['a'] }

async function main(): Promise<void> {
  await publisher.publish(document, { rollout: everyone(), reason: 'the first' })
  const config: Client<Config> = await createClient({
    namespace: 'shop/prod',
    schema,
    strategy: pull(store),
    defaults: document,
    validators: [
      { name: 'even', validate: ({ pool }) => (pool.size % 2 === 1 ? { message: 'odd' } : undefined) },
    ],
  }).ready()

  // Programs read the schema's own type, and may not write.
  const whole: Output = config.current
  const hosts: string[] = config.current.hosts
  // @ts-expect-error read-only
  void (() => (config.current.pool.size = 3))
  // @ts-expect-error the schema knows no such key
  void config.current.poll
  if (whole.pool.name !== 4 || hosts.length !== 1) throw new Error('the client reads something else')

  const bad = { ...document, pool: { size: 0, name: 'main' } }
  const refused = await publisher.publish(bad, { rollout: everyone(), reason: 'too small' }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isNoticeboardError(refused, 'invalid-document')) throw new Error('a bad document was published')
  await config.close()

  const fake = fakeClient(schema, document)
  const kept = await store.schema?.({ namespace: 'shop/prod' }, new AbortController().signal)
  const { path, message } = refused.issues[0] ?? {}
  process.stdout.write(
    JSON.stringify({ path, message, jsonSchema: kept !== undefined, fake: fake.current.pool.size }),
  )
}

/** The types that travel, and that are read, are the library's. */
export const types: {
  in: (value: InputOf<typeof schema>) => Document
  ofDocument: (value: Document) => InputOf<typeof schema>
  out: (value: OutputOf<typeof schema>) => Config
  ofConfig: (value: Config) => OutputOf<typeof schema>
} = { in: value => value, ofDocument: value => value, out: value => value, ofConfig: value => value }

export function mistakes(): void {
  const options = { rollout: everyone(), reason: 'none' }
  const wrong = { pool: { size: 'many', name: 'main' }, hosts: [] }
  // @ts-expect-error the schema wants a number
  void publisher.publish(wrong, options)
  // @ts-expect-error the schema wants a number
  fakeClient(schema, wrong)
  // @ts-expect-error hosts are texts, and not anything
  const host: number | undefined = fakeClient(schema, document).current.hosts[0]
  void host
}

main().catch((error: unknown) => {
  process.stderr.write(String(error) + '\n')
  process.exitCode = 1
})
