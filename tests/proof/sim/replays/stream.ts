/**
 * What becomes of a frame: it goes on, the connection breaks before, inside of or after it, or the
 * stream ends in order after it.
 */
export type Fate = 'pass' | 'cut-before' | 'cut-inside' | 'cut-after' | 'end-after'

/** An event stream on its way to a reader. Each chunk of the server is one frame. */
export interface Stream {
  readonly who: string
  readonly openedAtMs: number
  /** When it ended, whoever ended it. */
  readonly endedAtMs: number | undefined
  /** The frames that went through whole, in order. */
  readonly frames: readonly { readonly name: string; readonly bytes: number; readonly atMs: number }[]
  readonly body: ReadableStream<Uint8Array>
  /** Ends it as a connection breaks. */
  readonly cut: () => void
}

/** Passes a stream on, at the pace of whoever reads it, and notes what goes by. */
export function watchStream(
  who: string,
  from: ReadableStream<Uint8Array>,
  {
    nowMs,
    onFrame,
    hold = () => undefined,
  }: {
    nowMs: () => number
    hold?: () => Promise<void> | undefined
    onFrame: (text: string) => Fate
  },
): Stream {
  const reader = from.getReader()
  const frames: { name: string; bytes: number; atMs: number }[] = []
  let endedAtMs: number | undefined
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined

  const end = (finish: () => void): void => {
    if (endedAtMs !== undefined) return
    endedAtMs = nowMs()
    finish()
  }
  const cut = (): void =>
    end(() => {
      controller?.error(new TypeError('terminated'))
      reader.cancel().catch(() => {})
    })

  const body = new ReadableStream<Uint8Array>(
    {
      start: own => void (controller = own),
      async pull(own) {
        try {
          const { done, value } = await reader.read()
          await hold()
          if (endedAtMs !== undefined) return
          if (done) return end(() => own.close())
          const text = new TextDecoder().decode(value)
          const fate = onFrame(text)
          if (fate === 'cut-before') return cut()
          if (fate === 'cut-inside') {
            own.enqueue(value.slice(0, value.length >> 1))
            return cut()
          }
          frames.push({ name: /^event: (.*)$/m.exec(text)?.[1] ?? '', bytes: value.length, atMs: nowMs() })
          own.enqueue(value)
          if (fate === 'cut-after') cut()
          if (fate === 'end-after')
            end(() => {
              own.close()
              reader.cancel().catch(() => {})
            })
        } catch (error) {
          end(() => own.error(error))
        }
      },
      cancel: () => end(() => void reader.cancel().catch(() => {})),
    },
    { highWaterMark: 0 },
  )

  return {
    who,
    openedAtMs: nowMs(),
    get endedAtMs() {
      return endedAtMs
    },
    frames,
    body,
    cut,
  }
}
