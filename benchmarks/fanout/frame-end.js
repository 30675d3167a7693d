/** As long as the longest end of a frame. */
const tailLength = 16

/**
 * Whether what was just read, the first `count` bytes of a memory that all sockets read into, ends
 * with an end that may have come in pieces. Remembers in `reader` what the next piece needs.
 * @param {{ tail: string }} reader
 * @param {{ memory: Buffer, count: number, end: Buffer }} read
 */
export function endsWith(reader, { memory, count, end }) {
  const start = count - end.length
  if (start >= 0 && memory.compare(end, 0, end.length, start, count) === 0) return true
  const text = memory.toString('latin1', Math.max(0, count - tailLength), count)
  const tail = start >= 0 ? text : reader.tail + text
  reader.tail = tail.slice(-tailLength)
  return start < 0 && tail.endsWith(end.toString('latin1'))
}
