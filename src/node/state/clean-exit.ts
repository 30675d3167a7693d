/** What is to be done when the process ends in order. */
const endings = new Set<() => void>()

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** A shell's exit codes for these signals: 128 and the signal's number. */
const OF_SIGNALS = new Set([129, 130, 143])

/**
 * Calls back, synchronously, when this process ends in order: by exit code 0, when it is told to
 * end by SIGTERM or SIGINT, and by a SIGHUP that nobody handles. Not when it dies: by another exit
 * code, an uncaught error or another signal. Returns what takes it back.
 *
 * A signal that the program does not handle still ends it, as it would without this.
 *
 * ```ts
 * const forget = onCleanExit(() => writeFileSync(path, ''))
 * ```
 */
export function onCleanExit(callback: () => void): () => void {
  if (endings.size === 0) listen()
  endings.add(callback)
  return () => {
    endings.delete(callback)
    if (endings.size === 0) unlisten()
  }
}

function listen(): void {
  process.on('exit', onExit)
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

function unlisten(): void {
  process.off('exit', onExit)
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

function onExit(code: number): void {
  if (code === 0 || OF_SIGNALS.has(code)) end()
}

function onSignal(signal: NodeJS.Signals): void {
  const isHandled = process.listenerCount(signal) > 1
  // Who handles SIGHUP reads its files again, and goes on.
  if (isHandled && signal === 'SIGHUP') return
  end()
  if (isHandled) return
  unlisten()
  process.kill(process.pid, signal)
}

function end(): void {
  for (const callback of endings) {
    try {
      callback()
    } catch {
      // The disk is gone, or the folder: the next start takes this end for a death.
    }
  }
}
