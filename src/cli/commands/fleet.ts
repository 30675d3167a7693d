import { BOARD_OPTIONS, type Command } from '../command.js'
import { usageError } from '../exit.js'
import { withPublisher } from '../open-publisher.js'
import { readMs } from '../quantities.js'

export const fleetCommand: Command = {
  name: 'fleet',
  summary: 'forget clients that will not come back',
  usage: 'forget [NAMESPACE]',
  text: `forget counts clients as stopped: machines that are gone, clients that were renamed. Name them by --client or --instance, or take every
instance that is missing by --missing. One that lives is back within two of its reports. It appends no release,
so the history does not show it, and it takes no reason. What clients are there, and where they stand, noticeboard status shows.`,
  options: {
    ...BOARD_OPTIONS,
    client: {
      value: 'ID',
      multiple: true,
      text: 'forget this client; of several instances one that was heard just now stays; several are allowed',
    },
    instance: {
      value: 'ID',
      multiple: true,
      text: 'forget this instance, as status names it; several are allowed',
    },
    missing: { text: 'forget every instance that is missing' },
    'missing-for': {
      value: 'TIME',
      text: 'forget every instance that is missing for at least so long: 30min, 2h',
    },
  },
  examples: [
    'noticeboard fleet forget checkout/prod --missing',
    'noticeboard fleet forget checkout/prod --missing-for 2h',
    'noticeboard fleet forget checkout/prod --client web-17 --client web-18',
    'noticeboard fleet forget checkout/prod --instance 3f9a01bc',
  ],
  positionals: [1, 2],
  async run(context) {
    const { args, print, json } = context
    const [verb = '', namespace] = args.positionals
    if (verb !== 'forget')
      throw usageError(`there is no fleet ${JSON.stringify(verb.slice(0, 60))}; it is forget`)
    const clients = args.texts('client')
    const instances = args.texts('instance')
    const missing = args.flag('missing')
    const missingForMs = readMs(args, 'missing-for')
    if (clients.length === 0 && instances.length === 0 && !missing && missingForMs === undefined)
      throw usageError(
        'the clients to forget are missing: pass --client ID, --instance ID, --missing, or --missing-for TIME',
      )
    await withPublisher(context, { namespace }, async ({ publisher }) => {
      const forgotten = await publisher.forget({
        clients,
        instances,
        missing,
        ...(missingForMs !== undefined && { missingForMs }),
      })
      if (json) return print.jsonLine({ namespace: publisher.namespace, forgotten })
      print.data(
        `${publisher.namespace}: ${forgotten === 1 ? '1 instance is' : `${forgotten} instances are`} forgotten\n`,
      )
    })
  },
}
