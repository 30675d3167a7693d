/** What waits on a virtual clock. */
export interface Timer {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
  cancelled: boolean
}

/** Timers, the one that fires first on top. */
export interface Heap {
  peek(): Timer | undefined
  push(timer: Timer): void
  pop(): void
}

/** Makes a {@link Heap}: a binary one. */
export function createHeap(): Heap {
  const items: Timer[] = []
  const before = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

  return {
    peek: () => items[0],
    push(timer) {
      let index = items.length
      items.push(timer)
      while (index > 0) {
        const up = (index - 1) >> 1
        const parent = items[up] as Timer
        if (!before(timer, parent)) break
        items[index] = parent
        index = up
      }
      items[index] = timer
    },
    pop() {
      const last = items.pop()
      if (last === undefined || items.length === 0) return
      let index = 0
      for (;;) {
        let child = 2 * index + 1
        if (child >= items.length) break
        if (child + 1 < items.length && before(items[child + 1] as Timer, items[child] as Timer)) child += 1
        if (!before(items[child] as Timer, last)) break
        items[index] = items[child] as Timer
        index = child
      }
      items[index] = last
    },
  }
}
