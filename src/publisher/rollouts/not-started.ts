/** How the refusal of a start is told apart: no token and no scope would change it. */
export const NOT_STARTED = 'the rollout does not start'
