import { canonicalize } from '../../core/json/canonical.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { sayUnknownKeys, unknownKeys } from '../../core/schema/unknown-keys.js'
import { validateDocument } from '../../core/schema/validate.js'
import { refusal } from '../../publisher/prepare.js'
import { withBoard } from '../boards.js'
import { findChecks } from '../checks.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { FORMAT_OPTION, sourceFor } from '../documents.js'
import { noteEditorsSchema } from '../editors-schema.js'
import { refusing, usageError } from '../exit.js'
import { readSettings } from '../settings.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check a document without publishing it',
  usage: 'FILE',
  text: `Checks a JSON or YAML file (or stdin, for -) as a publish would: by --schema, else the schema and the validators of the
configuration file, else the JSON Schema kept on the board, which holds types and limits, but no rules of code (refine, transforms,
validators). The first two need no board.`,
  options: {
    ...BOARD_OPTIONS,
    format: FORMAT_OPTION,
    schema: { value: 'FILE', text: 'check by this JSON Schema' },
  },
  examples: [
    'noticeboard validate service.yaml',
    'noticeboard validate service.yaml --schema service.schema.json',
    'noticeboard validate service.yaml -n checkout/prod --url http://127.0.0.1:4600',
  ],
  positionals: [1, 1],
  async run(context) {
    const { io, args, print, json } = context
    const { signal } = io
    const source = sourceFor(context, args.positionals[0] ?? '')
    const settings = await readSettings(context)
    const namespace = settings.optionalNamespace()
    const { schemaFile } = settings
    const config = settings.checks(namespace)
    const local =
      schemaFile !== undefined ||
      config.schema !== undefined ||
      !settings.hasAddress ||
      namespace === undefined
    const checks = local
      ? await findChecks({ schemaFile, config, inputs: context.inputs }, signal)
      : await withBoard({ io, address: settings.address() }, ({ store }) =>
          findChecks({ config, inputs: context.inputs, namespace, store }, signal),
        )
    if (checks.from === 'none') {
      throw usageError(
        'no schema to validate by: pass --schema FILE, set one in noticeboard.config.js, or name a board and a namespace that keeps one',
      )
    }
    const read = await source.read(signal)
    const document = await refusing(async () =>
      parseCanonical(encodeText(canonicalize(read)), { what: source.name, maxBytes: MAX_SNAPSHOT_BYTES }),
    )
    const { schema, validators } = checks
    const result = await validateDocument({
      schema,
      validators,
      document,
      previous: undefined,
      forAuthor: true,
      signal,
    })
    if (result.type === 'invalid') throw refusal(source.name, result.issues, 'is not valid')
    noteEditorsSchema(print, { document, name: source.name, schema })
    const unknown = await unknownKeys(schema, { document, value: result.value })
    for (const warning of sayUnknownKeys(unknown)) print.warning(warning)
    if (json) return print.jsonLine({ valid: true, checkedBy: checks.from })
    print.data(
      `${source.name} is valid (${{ option: 'by --schema', config: 'by the configuration file', board: 'by the schema on the board, which has no rules of code' }[checks.from]})\n`,
    )
  },
}
