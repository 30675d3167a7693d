import type { Command } from '../command.js'
import { auditCommand } from './audit.js'
import { compareCommand } from './compare.js'
import { controllerCommand } from './controller.js'
import { demoCommand } from './demo.js'
import { diffCommand } from './diff.js'
import { epochCommand } from './epoch.js'
import { fleetCommand } from './fleet.js'
import { exportCommand } from './export.js'
import { getCommand } from './get.js'
import { historyCommand } from './history.js'
import { killCommand } from './kill.js'
import { pruneCommand } from './prune.js'
import { publishCommand } from './publish.js'
import { readmitCommand } from './readmit.js'
import { rollbackCommand } from './rollback.js'
import { rolloutCommand } from './rollout.js'
import { serveCommand } from './serve.js'
import { statusCommand } from './status.js'
import { tokenCommand } from './token.js'
import { validateCommand } from './validate.js'
import { watchCommand } from './watch.js'

/** Every command, in the order of the help; dispatch and help both read this. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  publishCommand,
  validateCommand,
  getCommand,
  watchCommand,
  historyCommand,
  diffCommand,
  rolloutCommand,
  rollbackCommand,
  killCommand,
  readmitCommand,
  statusCommand,
  fleetCommand,
  controllerCommand,
  tokenCommand,
  auditCommand,
  exportCommand,
  pruneCommand,
  epochCommand,
  compareCommand,
  demoCommand,
]
