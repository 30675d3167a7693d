declare module 'jstat' {
  /** The parts of jstat that formulas are compared with. */
  const jstat: {
    readonly binomial: { pdf(hits: number, tries: number, chance: number): number }
    readonly hypgeom: { pdf(hits: number, all: number, marked: number, drawn: number): number }
  }
  export default jstat
}
