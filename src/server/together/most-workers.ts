/** How many processes may serve one board at one address: more than any machine has use for. */
export const MOST_WORKERS = 64
