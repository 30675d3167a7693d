const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Whether a text is a UTC time in the one spelling that is used, to the millisecond. */
export function isInstant(text: string): boolean {
  // The 30th of February and the hour 24 are read as a later day.
  return INSTANT.test(text) && new Date(text).getUTCDate() === Number(text.slice(8, 10))
}
