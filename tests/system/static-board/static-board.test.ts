import { describe, expect, test } from 'vitest'
import { board, readers, temporaryFolder, until } from './board.js'
import { nginx } from './nginx.js'
import { missingPrograms } from './programs.js'

const missing = missingPrograms('nginx')
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)

describe.skipIf(missing !== undefined)('a board folder behind nginx', { timeout: 120_000 }, () => {
  test('answers at least nine polls of ten with 304, by its own access log', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path)
    await own.publish(10)
    await using server = await nginx(own.publicFolder)
    await using fleet = await readers(server.url, 8)
    const polls = async () => (await server.log()).filter(({ path }) => path.endsWith('/release.json'))

    for (const step of [11, 12, 13]) {
      const before = (await polls()).length
      await until('a hundred more polls', async () => (await polls()).length >= before + 100)
      await own.publish(step)
      await until('everybody has it', () => fleet.every(({ client }) => client.current.step === step))
      // A sweep asks without a condition, which costs a full answer.
      await Promise.all(fleet.map(({ client }) => client.refresh()))
    }
    await until('800 polls', async () => (await polls()).length >= 800)

    const log = await polls()
    const unchanged = log.filter(({ status }) => status === 304)
    expect(unchanged.length / log.length).toBeGreaterThanOrEqual(0.9)
    expect(unchanged.every(({ conditional }) => conditional)).toBe(true)
    expect(new Set(log.map(({ status }) => status))).toEqual(new Set([200, 304]))
    expect(fleet.flatMap(({ failures, rejected }) => [...failures, ...rejected])).toEqual([])
  })

  test('brings 20 releases of equal length of one second to every client, each of them', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path, { time: 'standing' })
    await own.publish(10)
    // Sequences of two digits, so that the releases have one length.
    for (let step = 11; step < 20; step += 1) await own.publish(step)
    await using server = await nginx(own.publicFolder)
    await using fleet = await readers(server.url, 4)
    const bytes = await own.pointerBytes()

    const published = Array.from({ length: 20 }, (_, index) => 20 + index)
    for (const step of published) {
      await own.publish(step)
      expect(await own.pointerBytes()).toBe(bytes)
      await until(`everybody has step ${step}`, () =>
        fleet.every(({ client }) => client.current.step === step),
      )
    }
    for (const { steps, failures } of fleet) {
      expect(steps.slice(-20)).toEqual(published)
      expect(failures).toEqual([])
    }
    expect(
      (await server.log()).filter(({ path, status }) => path.endsWith('/release.json') && status === 304)
        .length,
    ).toBeGreaterThan(0)
  })

  test('brings every client the last of 20 releases of equal length that come in a burst', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path, { time: 'standing' })
    for (let step = 10; step < 20; step += 1) await own.publish(step)
    await using server = await nginx(own.publicFolder)
    await using fleet = await readers(server.url, 4)
    const bytes = await own.pointerBytes()

    for (let step = 20; step < 40; step += 1) await own.publish(step)
    expect(await own.pointerBytes()).toBe(bytes)
    await until('everybody has the last', () => fleet.every(({ client }) => client.current.step === 39))
    for (const { steps, sequences } of fleet) {
      expect(steps).toEqual([...steps].sort((a, b) => a - b))
      expect(sequences.at(-1)).toBe(30)
    }
  })

  test('would hide a release of the same second and length if the store took no care of times', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path, { time: 'standing', touch: 'same-second' })
    for (let step = 10; step < 20; step += 1) await own.publish(step)
    await using server = await nginx(own.publicFolder)
    await using fleet = await readers(server.url, 2)
    const polls = async () => (await server.log()).filter(({ path }) => path.endsWith('/release.json'))

    await own.publish(20)
    const before = (await polls()).length
    await until('twenty more polls', async () => (await polls()).length >= before + 20)
    expect((await polls()).slice(before).map(({ status }) => status)).toEqual(
      expect.not.arrayContaining([200]),
    )
    expect(fleet.map(({ client }) => client.current.step)).toEqual([19, 19])

    // What the web server hides, a sweep finds: it asks without a condition.
    await Promise.all(fleet.map(({ client }) => client.refresh()))
    expect(fleet.map(({ client }) => client.current.step)).toEqual([20, 20])
  })

  test('serves what changes, what never changes and what is missing with the headers that caches need', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path)
    await own.publish(10)
    await using server = await nginx(own.publicFolder)
    const base = `${server.url}/v1/checkout/prod`
    const pointer = await fetch(`${base}/release.json`)
    const { release } = (await pointer.json()) as {
      release: { epoch: string; stable: { variants: { digest: string }[] } }
    }

    expect(pointer.headers.get('cache-control')).toBe('no-cache')
    expect(pointer.headers.get('etag')).toMatch(/./)
    for (const path of [
      `releases/${release.epoch}/1.json`,
      `snapshots/${release.stable.variants[0]?.digest}.json`,
    ]) {
      const answer = await fetch(`${base}/${path}`)
      expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-type')]).toEqual([
        200, 'public, max-age=31536000, immutable', 'application/json',
      ]) // prettier-ignore
    }
    for (const path of [`releases/${release.epoch}/2.json`, 'nothing.json', '', '../../../private/token']) {
      const answer = await fetch(`${base}/${path}`)
      expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 404, 'no-store'])
    }
    const written = await fetch(`${base}/~releases`, { method: 'POST', body: '{}' })
    expect([404, 405]).toContain(written.status)
  })
})
