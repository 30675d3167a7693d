// A publisher that says what it tries and what was acknowledged, until it is killed. Commands come
// as JSON lines on stdin: {"folder","epoch","count","killAtStep"?,"tell"?}; a second line ends it
// after the publish that is under way.
import { createInterface } from 'node:readline'
import { formatPosition } from '../../../src/contracts/position.js'
import { releaseDigest } from '../../../src/core/release/release.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { systemHasher } from '../../../src/system/system.js'
import { RACE_NAMESPACE as namespace } from '../../proof/board/board-check.js'
import { interceptedDisk } from '../disks.js'
import { publicationOn } from './publication.js'

interface Command {
  readonly folder: string
  readonly epoch: string
  /** How many releases to have acknowledged. */
  readonly count: number
  /**
   * The operation on the disk before which this process kills itself, counted from 1 over the last
   * publish.
   */
  readonly killAtStep?: number
  /**
   * Says each operation on the disk before it begins, so that somebody outside knows where to kill
   * this process.
   */
  readonly tell?: boolean
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const { signal } = new AbortController()
let step = 0
let armedAt = Number.POSITIVE_INFINITY

function killAtArmedStep(): void {
  step += 1
  if (step === armedAt) process.kill(process.pid, 'SIGKILL')
}

let told = false
const end = (): void => void (told = true)
// It also ends when nobody is there any more to tell it.
const input = createInterface({ input: process.stdin }).once('close', end)
input.once('line', line => {
  input.once('line', end)
  void run(JSON.parse(line) as Command)
})
say('ready')

async function run({ folder, epoch, count, killAtStep, tell = false }: Command): Promise<void> {
  const disk = interceptedDisk(operation => {
    if (killAtStep !== undefined) killAtArmedStep()
    if (tell) say(`do ${operation}`)
  })
  const store = fileStore(folder, { fs: disk })
  let acknowledged = 0
  for (let round = 0; acknowledged < count && !told; round += 1) {
    const mayContinue = (other: string): boolean => killAtStep === undefined || other === epoch
    const { snapshot, release } = await publicationOn(store, { epoch, round, mayContinue })
    const position = formatPosition(release.at)
    if (killAtStep !== undefined && acknowledged === count - 1) {
      step = 0
      armedAt = killAtStep
    }
    await store.put({ namespace, ...snapshot }, signal)
    say(`try ${position}`)
    const outcome = await store.append({ namespace, ...release }, signal)
    if (outcome === 'appended') acknowledged += 1
    say(`${outcome} ${position} ${releaseDigest(systemHasher, release.bytes)}`)
  }
  armedAt = Number.POSITIVE_INFINITY
  await store.close()
  say(`steps ${step}`)
  process.exit(0)
}
