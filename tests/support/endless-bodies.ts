import { MAX_HELD_BODIES_BYTES, MAX_REPORTS_BYTES } from '../../src/core/limits.js'

/** A body that its sender may leave unfinished for good. */
export interface OpenBody {
  readonly stream: ReadableStream<Uint8Array>
  send(bytes: Uint8Array): Promise<void>
  end(): Promise<void>
}

export function openBody(): OpenBody {
  const sent = new TransformStream<Uint8Array, Uint8Array>()
  const writer = sent.writable.getWriter()
  writer.closed.catch(() => {})
  return {
    stream: sent.readable,
    send: bytes => writer.write(bytes),
    end: () => writer.close(),
  }
}

/**
 * Fills what a server holds of one sort of sender with bodies of the greatest length that never
 * end; returns what becomes of each.
 */
export async function floodWith<Answer>(
  post: (body: OpenBody['stream']) => Answer,
): Promise<{ readonly answers: readonly Answer[] }> {
  const piece = new Uint8Array(MAX_REPORTS_BYTES - 1).fill(0x20)
  const answers: Answer[] = []
  for (let held = 0; held <= MAX_HELD_BODIES_BYTES; held += piece.length) {
    const body = openBody()
    answers.push(post(body.stream))
    await body.send(piece)
  }
  return { answers }
}
