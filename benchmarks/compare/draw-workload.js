// One workload, drawn at random.

/**
 * Small fleets and large ones, deadlines of seconds and of an hour, fleets that restart all day,
 * lines that are paid by the byte.
 *
 * @param {import('noticeboard/sim').Dice} dice
 */
export function drawWorkload(dice) {
  /** Between two numbers, each size as likely. @param {number} least @param {number} most */
  const size = (least, most) => least * (most / least) ** dice.number()
  const killSwitchMs = Math.round(size(2_000, 3_600_000) / 1_000) * 1_000
  return {
    workload: {
      clients: Math.round(size(20, 20_000)),
      documentBytes: Math.round(size(500, 200_000)),
      changesPerDay: Math.round(size(1, 200)),
      deadlines: { killSwitchMs, routineMs: Math.max(killSwitchMs, 300_000) },
      offlineShare: dice.pick([0, 0.02, 0.1]),
      restartsPerDay: Math.round(size(1, 200)),
      keepsState: dice.chance(0.5),
      network: {
        rttMs: Math.round(size(1, 150)),
        halfOpenPerClientDay: size(0.01, 5),
        idleTimeoutMs: dice.pick([10_000, 60_000, 350_000]),
      },
      servers: dice.pick([1, 1, 2]),
    },
    weights: dice.pick([
      { cpu: 0.5, bytes: 0.5 },
      { cpu: 0.1, bytes: 0.9 },
      { cpu: 0.9, bytes: 0.1 },
    ]),
  }
}
