/** Whoever started this process ends it, also on Ctrl-C; should that one die, this one goes too. */
export function endWithParent() {
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit())
}
