import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** How Chromium is had where it is missing. */
export const HOW_TO_HAVE_CHROMIUM = 'chromium is not installed; on Debian: apt-get install chromium'

export function hasChromium(): boolean {
  return spawnSync('chromium', ['--version']).error === undefined
}

/** A blank page of a browser that is told what to do over its DevTools protocol. */
export interface DrivenPage {
  send(method: string, params?: object): Promise<unknown>
  /** Waits for the next event of that name. */
  next(method: string): Promise<unknown>
  /** The parameters of all events of that name so far. */
  eventsOf<T>(method: string): readonly T[]
  /** What an expression comes to in the page. */
  evaluate<T>(expression: string): Promise<T>
  close(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** A browser that runs. */
export interface StartedChromium {
  readonly child: ChildProcess
  close(): Promise<void>
}

/**
 * Starts a browser with a profile of its own; `pipes` are its descriptors from 3 on.
 *
 * ```ts
 * const { close } = startChromium([board.url])
 * ```
 */
export function startChromium(more: readonly string[], pipes: readonly 'pipe'[] = []): StartedChromium {
  const profile = mkdtempSync(join(tmpdir(), 'noticeboard-chromium-'))
  const child = spawn(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--user-data-dir=${profile}`,
      ...more,
    ],
    // A group of its own, so that its helpers end with it.
    { stdio: ['ignore', 'ignore', 'ignore', ...pipes], detached: true },
  )
  const gone = once(child, 'exit')
  return {
    child,
    async close() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
      await gone
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/**
 * A browser of its own, with one page.
 *
 * ```ts
 * const page = await openChromium()
 * await page.send('Page.navigate', { url })
 * ```
 */
export async function openChromium(): Promise<DrivenPage> {
  const { child, close } = startChromium(['--remote-debugging-pipe', 'about:blank'], ['pipe', 'pipe'])
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const answered = new Map<number, (message: Message) => void>()
  const events: Message[] = []
  const waiting = new Map<string, (params: unknown) => void>()
  let rest = ''
  let count = 0
  /** What a message is for: the browser, or its page. */
  const target: { sessionId?: string } = {}
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = `${rest}${text}`.split('\0')
    rest = messages.pop() ?? ''
    for (const message of messages.map(each => JSON.parse(each) as Message)) {
      if (message.id !== undefined) answered.get(message.id)?.(message)
      if (message.method === undefined) continue
      events.push(message)
      waiting.get(message.method)?.(message.params)
    }
  })
  const send = async (method: string, params: object = {}): Promise<unknown> => {
    const id = (count += 1)
    const answer = new Promise<Message>(resolve => answered.set(id, resolve))
    input.write(`${JSON.stringify({ id, method, params, ...target })}\0`)
    const { result, error } = await answer
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
  const { targetInfos } = (await send('Target.getTargets')) as {
    readonly targetInfos: readonly { readonly type: string; readonly targetId: string }[]
  }
  const targetId = targetInfos.find(({ type }) => type === 'page')?.targetId
  const attached = await send('Target.attachToTarget', { targetId, flatten: true })
  target.sessionId = (attached as { readonly sessionId: string }).sessionId
  return {
    send,
    next: method => new Promise(resolve => waiting.set(method, resolve)),
    eventsOf: <T>(method: string) =>
      events.filter(event => event.method === method).map(({ params }) => params as T),
    async evaluate<T>(expression: string) {
      const answer = await send('Runtime.evaluate', { expression, returnByValue: true })
      return (answer as { readonly result: { readonly value: T } }).result.value
    },
    close,
  }
}
