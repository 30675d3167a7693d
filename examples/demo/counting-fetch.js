/**
 * @import { Fetch } from 'noticeboard/core'
 * @typedef {{ requests: number, bytes: number }} Traffic what was asked, and received: bodies, and
 * headers as `fetch` shows them
 */

/** `fetch` that counts. @param {Fetch} fetch @param {Traffic} traffic @returns {Fetch} */
export function countingFetch(fetch, traffic) {
  return async (url, init) => {
    traffic.requests += 1
    const response = await fetch(url, init)
    for (const [name, value] of response.headers) traffic.bytes += name.length + value.length + 4
    if (response.body === null) return response
    const counted = response.body.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          traffic.bytes += chunk.length
          controller.enqueue(chunk)
        },
      }),
    )
    const { status, statusText, headers } = response
    return new Response(counted, { status, statusText, headers })
  }
}
