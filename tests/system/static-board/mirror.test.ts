import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { board, readers, temporaryFolder, until, type Reader } from './board.js'
import { nginx } from './nginx.js'
import { missingPrograms, rsync } from './programs.js'

const missing = missingPrograms('nginx', 'rsync')
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)

/** Nobody saw anything that was not published, went back, or refused anything. */
function expectSound(fleet: readonly Reader[]): void {
  for (const { steps, sequences, rejected, failures } of fleet) {
    // Step n was published as sequence n - 9.
    expect(steps.map(step => step - 9)).toEqual(sequences)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    expect(rejected).toEqual([])
    // A snapshot that is not in the mirror yet is asked for again, and is all that may fail.
    expect(failures.filter(code => code !== 'not-found')).toEqual([])
  }
}

describe.skipIf(missing !== undefined)('a mirror of a board, made by rsync', { timeout: 120_000 }, () => {
  test('never breaks a client while it is made during publishing, whatever the order of copying', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path, { time: 'standing' })
    await own.publish(10)
    const source = `${own.publicFolder}/`
    // As docs/operations.md has it, and as somebody would who did not read it.
    const orders: Record<string, readonly (readonly string[])[]> = {
      recommended: [['-rt', '--exclude', 'release.json'], ['-rt']],
      careless: [['-a']],
    }
    const mirrors = await Promise.all(
      Object.entries(orders).map(async ([name, passes]) => {
        const target = join(folder.path, `mirror-${name}`)
        const copy = async (): Promise<void> => {
          for (const options of passes) await rsync(...options, source, `${target}/`)
        }
        await copy()
        const server = await nginx(target)
        return { copy, server, fleet: await readers(server.url, 3) }
      }),
    )

    const rounds = mirrors.map(() => 0)
    let publishing = true
    onTestFinished(() => void (publishing = false))
    let newest = 10
    /**
     * Until there is enough to go by: every mirror was made several times while releases came in.
     */
    const publish = async (): Promise<void> => {
      // Steps of two digits, so that all have one length.
      while (publishing && newest < 99 && (newest < 25 || Math.min(...rounds) < 5))
        await own.publish((newest += 1))
      publishing = false
    }
    const copyOn = async ({ copy }: { copy: () => Promise<void> }, index: number): Promise<void> => {
      // Both publish and copy all the time: whoever never waits would keep the other from its turn.
      for (; publishing; rounds[index] += 1) {
        await copy()
        await sleep(150)
      }
      await copy()
    }
    await Promise.all([...mirrors.map(copyOn), publish()])
    expect(Math.min(...rounds)).toBeGreaterThanOrEqual(3)
    for (const { fleet, server } of mirrors) {
      await until('everybody has the newest', () =>
        fleet.every(({ client }) => client.current.step === newest),
      )
      expectSound(fleet)
      await fleet[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    }
  })

  test('keeps clients on what they have while a snapshot is missing, and lets them go on when it comes', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path)
    const source = `${own.publicFolder}/`
    const target = `${join(folder.path, 'mirror')}/`
    await own.publish(10)
    await rsync('-rt', source, target)
    await using server = await nginx(target)
    await using fleet = await readers(server.url, 3)

    await own.publish(11)
    await rsync('-rt', '--exclude', 'snapshots/', source, target)
    await until('everybody has asked for it in vain', () =>
      fleet.every(({ failures }) => failures.includes('not-found')),
    )
    expect(fleet.map(({ client }) => client.current.step)).toEqual([10, 10, 10])

    await rsync('-rt', source, target)
    await until('everybody has it', () => fleet.every(({ client }) => client.current.step === 11))
    expectSound(fleet)
  })

  test('leads clients past a pointer that lags behind the log, and never back to it', async () => {
    await using folder = await temporaryFolder()
    await using own = board(folder.path)
    const source = `${own.publicFolder}/`
    const target = `${join(folder.path, 'mirror')}/`
    await own.publish(10)
    await rsync('-rt', source, target)
    await using server = await nginx(target)
    await using fleet = await readers(server.url, 3)
    const polls = async () => (await server.log()).filter(({ path }) => path.endsWith('/release.json'))

    for (let step = 11; step < 15; step += 1) await own.publish(step)
    await rsync('-rt', '--exclude', 'release.json', source, target)
    // A sweep, which also asks the log for what comes after the pointer.
    await Promise.all(fleet.map(({ client }) => client.refresh()))
    await until('everybody has the last of the log', () =>
      fleet.every(({ client }) => client.current.step === 14),
    )

    // The pointer still names the first release; it is polled, and nobody goes back.
    const before = (await polls()).length
    await until('thirty more polls', async () => (await polls()).length >= before + 30)
    expect(fleet.map(({ steps }) => steps)).toEqual([[10, 14], [10, 14], [10, 14]]) // prettier-ignore
    expectSound(fleet)

    await rsync('-rt', source, target)
    await own.publish(15)
    await rsync('-rt', source, target)
    await until('everybody has the newest', () => fleet.every(({ client }) => client.current.step === 15))
  })

  test('would keep an old pointer if the store took no care of times, and does not since it does', async () => {
    await using folder = await temporaryFolder()
    const seen: Record<string, number> = {}
    for (const touch of ['careful', 'same-second'] as const) {
      const root = join(folder.path, touch)
      await mkdir(root)
      await using own = board(root, { time: 'standing', touch })
      const target = `${join(root, 'mirror')}/`
      for (let step = 10; step < 20; step += 1) await own.publish(step)
      await rsync('-rt', `${own.publicFolder}/`, target)
      await own.publish(20)
      await rsync('-rt', `${own.publicFolder}/`, target)
      await using server = await nginx(target)
      await using fleet = await readers(server.url, 1)
      seen[touch] = fleet[0]?.client.current.step ?? 0
    }
    expect(seen).toEqual({ careful: 20, 'same-second': 19 })
  })
})
