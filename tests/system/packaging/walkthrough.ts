import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** What a reader of a page does, in the order of its blocks. */
export type Step =
  | { readonly type: 'file'; readonly name: string; readonly text: string }
  | { readonly type: 'typed'; readonly command: string; readonly terminal?: string }
  | { readonly type: 'shown'; readonly lines: readonly string[] }

/**
 * The steps of a chapter. A block of code that begins with its name is a file, `sh` is typed, and
 * `text` is what the command before it shows. `# terminal 1` before a command leaves it running.
 */
export function stepsOf(page: string, chapter: string): readonly Step[] {
  const from = page.indexOf(`\n## ${chapter}\n`)
  const to = page.indexOf('\n## ', from + 1)
  if (from === -1) throw new Error(`the page has no chapter ${chapter}`)
  const blocks = page.slice(from, to === -1 ? undefined : to).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, language = '', text = '']): Step => {
    if (language === 'text') return { type: 'shown', lines: text.trimEnd().split('\n') }
    if (language === 'sh') {
      const terminal = /^# (terminal \d)\n/.exec(text)?.[1]
      return { type: 'typed', command: text, ...(terminal !== undefined && { terminal }) }
    }
    const name = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1]
    if (name === undefined) throw new Error(`a block of ${language} does not begin with its name:\n${text}`)
    return { type: 'file', name, text }
  })
}

/** Lines of a page as a pattern: `…` alone stands for any lines, and within one for any text. */
const patternOf = (lines: readonly string[]): string =>
  lines
    .map(line => (line.trim() === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escaped).join('.*')}\\n`))
    .join('')

const escaped = (text: string): string => text.replaceAll(/[$()*+./?[\\\]^{|}-]/g, '\\$&')

/**
 * How long somebody reads and types between two commands. Who publishes in the very second in which
 * a client was first heard does not have it counted.
 */
const TYPING_MS = 1_500

/** What a command says on a machine that takes its time. */
const SLOW = /^still .*, after \d+ s\n/gm

/** A command, and what it has said so far: both streams, as a terminal shows them. */
interface Running {
  said: string
  readonly ended: Promise<number>
  readonly child: ChildProcess
}

/** Somebody at some terminals, all in one folder. */
export interface Reader extends AsyncDisposable {
  /** Does a step, and waits for what the page shows. */
  follow(step: Step): Promise<void>
  /** What was typed and said so far, for whoever asks why a step did not end. */
  transcript(): string
}

export interface ReaderOptions {
  readonly folder: string
  /** What is typed in place of what the page says, such as a port that is free. */
  readonly instead: readonly (readonly [from: string, to: string])[]
}

/**
 * Types what a page says. A command without a terminal has to end with status 0 and to show exactly
 * what the page shows; of a terminal the lines have to come.
 */
export function readerOf({ folder, instead }: ReaderOptions): Reader {
  const terminals = new Map<string, Running>()
  let transcript = ''
  let last: { readonly command: string; readonly said: string } | undefined
  let look = (): void => {}

  const typed = (text: string): string =>
    instead.reduce((done, [from, to]) => done.replaceAll(from, to), text)

  const start = (command: string): Running => {
    transcript += `$ ${command}`
    const child = spawn('bash', ['-c', `exec 2>&1; set -e\n${command}`], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code => resolve(code ?? -1))
    })
    const running: Running = { said: '', ended, child }
    child.stdout.on('data', (chunk: Buffer) => {
      running.said += chunk.toString()
      transcript += chunk.toString()
      look()
    })
    return running
  }

  /** Ctrl-C is SIGINT; what runs in the background does not hear that, and ends by SIGTERM. */
  const end = async ({ child, ended }: Running, signal: 'SIGINT' | 'SIGTERM'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, signal)
    await ended
  }

  const type = async (command: string): Promise<void> => {
    const running = start(command)
    const status = await running.ended
    // The command says itself that its time has not come yet, whatever is done about its status.
    if (running.said.includes('try again in')) return type(command)
    if (status !== 0) throw new Error(`ended with ${status}: ${command}\n${running.said}`)
    last = { command, said: running.said.replaceAll(SLOW, '') }
  }

  /** Waits until terminals show the lines: those that come later than what was shown before. */
  const appears = (pattern: RegExp): Promise<void> =>
    new Promise(resolve => {
      look = () => {
        for (const running of terminals.values()) {
          const found = pattern.exec(running.said)
          if (found === null) continue
          running.said = running.said.slice(found.index + found[0].length)
          look = () => {}
          return resolve()
        }
      }
      look()
    })

  const shown = async (lines: readonly string[]): Promise<void> => {
    const pattern = patternOf(lines.map(typed))
    if (last === undefined || last.said === '') return appears(new RegExp(`^${pattern}`, 'm'))
    const all = new RegExp(`^${pattern}$`)
    // What clients report is known a moment later; to look again changes nothing.
    while (/ status$/m.test(last.command) && !all.test(last.said)) await type(last.command)
    if (!all.test(last.said))
      throw new Error(`the page shows\n${lines.join('\n')}\nand ${last.command}said\n${last.said}`)
  }

  return {
    async follow(step) {
      if (step.type === 'shown') return shown(step.lines)
      if (step.type === 'file') {
        mkdirSync(dirname(join(folder, step.name)), { recursive: true })
        return writeFileSync(join(folder, step.name), typed(step.text))
      }
      await setTimeout(TYPING_MS)
      if (step.terminal === undefined) return type(typed(step.command))
      const before = terminals.get(step.terminal)
      if (before !== undefined) await end(before, 'SIGINT')
      last = undefined
      terminals.set(step.terminal, start(typed(step.command)))
    },
    transcript: () => transcript,
    async [Symbol.asyncDispose]() {
      await Promise.all([...terminals.values()].map(running => end(running, 'SIGTERM')))
    },
  }
}
