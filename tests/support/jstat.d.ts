declare module 'jstat' {
  /** The parts of jstat that formulas are compared with. */
  const jstat: {
    mean(values: readonly number[]): number
    /** With `count - 1` below, if `ofSample` says so. */
    variance(values: readonly number[], ofSample: boolean): number
    readonly normal: { pdf(at: number, mean: number, deviation: number): number }
    readonly binomial: { pdf(hits: number, tries: number, chance: number): number }
    readonly hypgeom: { pdf(hits: number, all: number, marked: number, drawn: number): number }
  }
  export default jstat
}
