/**
 * How long a step of a rollout by the clock lasts at least where documents come by mounted volumes,
 * in milliseconds: a kubelet takes up to two minutes for each, and somebody has to see what it does.
 */
export const CLOCK_STEP_MS = 600_000
