import { boundsOf, INPUTS, isWhole, placeOf, type InputName } from './workload.js'

/** What each number means, for whoever writes the file. */
const TEXTS: { readonly [Name in InputName]: string } = {
  clients: 'How many clients follow the document.',
  documentBytes: 'How large the document is, in bytes of canonical JSON.',
  encodedBytes: 'How large it is as a snapshot travels, in brotli or gzip. Default: documentBytes.',
  changedBytes:
    'How much of it a change concerns, in bytes of a delta that says it, up to all of them. Default: a tenth.',
  changesPerDay: 'How often it changes. Default 10.',
  killSwitchMs: 'By when a change has to be everywhere in an emergency. Default 60000.',
  routineMs:
    'By when every other change has to be everywhere. Default 300000, and killSwitchMs where that is longer.',
  offlineShare: 'The share of clients that are away at any time. Default 0.',
  restartsPerDay: 'How often each client is started anew. Default 1.',
  rttMs: 'Between a client and the server, there and back. Default 20.',
  halfOpenPerClientDay: 'How often a connection dies without either end being told. Default 0.1.',
  idleTimeoutMs: 'After how long a silent connection is cut by what is in between. Default 350000.',
  serverMbps: 'What each server can send, in megabits a second. Default 1000.',
  clientMbps: 'What each client can receive, in megabits a second. Default 100.',
  servers: 'How many servers share the clients. Default 1.',
}

type SchemaObject = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (2020-12) of a workload file, for editors: it offers the fields, and what they
 * may be.
 *
 * ```ts
 * writeFileSync('workload.schema.json', JSON.stringify(workloadSchema(), null, 2))
 * ```
 */
export function workloadSchema(): Readonly<Record<string, unknown>> {
  const below = (prefix: string): SchemaObject =>
    Object.fromEntries(
      INPUTS.filter(input => isBelow(placeOf(input), prefix)).map(input => [input, numberOf(input)]),
    )
  const group = (prefix: string, description: string): SchemaObject => ({
    type: 'object',
    description,
    properties: below(prefix),
    additionalProperties: false,
  })
  const file = (description: string): SchemaObject => ({ type: 'string', description })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A workload of noticeboard compare',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      document: file(
        'A JSON or YAML file, relative to this one: the document, of which only the size is used.',
      ),
      next: file('The same after a typical change, for what deltas would save.'),
      ...below(''),
      keepsState: {
        type: 'boolean',
        description: 'Whether clients keep their configuration over a restart. Default true.',
      },
      deadlines: group('deadlines.', 'By when a change has to be everywhere.'),
      network: group('network.', 'What is between clients and servers.'),
    },
    required: ['clients'],
    // The document's file, or its size; not both.
    oneOf: [{ required: ['document'] }, { required: ['documentBytes'] }],
    additionalProperties: false,
  }
}

function isBelow(place: string, prefix: string): boolean {
  return prefix === '' ? !place.includes('.') : place.startsWith(prefix)
}

function numberOf(input: InputName): SchemaObject {
  const [minimum, maximum] = boundsOf(input)
  return { type: isWhole(input) ? 'integer' : 'number', minimum, maximum, description: TEXTS[input] }
}
