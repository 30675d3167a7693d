import { whenAborted } from '../../async/signals.js'
import { createController } from '../../controller/index.js'
import { withBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command } from '../command.js'
import { timedLoggerFor } from '../logger.js'
import { givenNamespaces, readSettings } from '../settings.js'
import { readListeners, WEBHOOK_OPTIONS } from '../webhooks.js'

export const controllerCommand: Command = {
  name: 'controller',
  summary: 'move rollouts on, beside a server or in its place',
  usage: '[NAMESPACE]…',
  text: `Looks at the rollouts of a board and takes their steps, until it is interrupted: of the namespaces that are named, else of all.
Gates, policies and listeners of yours come from the configuration file. Several controllers at once are harmless.`,
  options: {
    ...BOARD_OPTIONS,
    name: { value: 'NAME', text: 'names it in releases, reports and the history; controller unless given' },
    ...WEBHOOK_OPTIONS,
  },
  examples: [
    'noticeboard controller --url http://127.0.0.1:4600 --token-file token',
    'noticeboard controller --board /var/lib/board checkout/prod',
    'noticeboard controller --board /var/lib/board --webhook https://hooks.internal/rollouts --webhook-token-file token',
  ],
  lasts: true,
  positionals: [0, 64],
  async run(context) {
    const { io, args, print, json } = context
    const settings = await readSettings(context)
    const { gates, policies } = settings.rollouts
    const namespaces = givenNamespaces(args, settings)
    const name = args.text('name')
    const listeners = await readListeners(context, settings.rollouts)
    const logger = timedLoggerFor(context)
    await withBoard({ io, address: settings.address(), logger }, async ({ store, name: board }) => {
      const controller = createController({
        store,
        logger,
        listeners,
        ...(namespaces.length > 0 && { namespaces }),
        ...(gates !== undefined && { gates }),
        ...(policies !== undefined && { policies }),
        ...(name !== undefined && { name }),
      })
      try {
        if (json) print.jsonLine({ controller: controller.name, board })
        else print.data(`${controller.name} moves the rollouts of ${board} on\n`)
        await whenAborted(io.signal)
        print.note('closing')
      } finally {
        await controller.close()
      }
    })
  },
}
