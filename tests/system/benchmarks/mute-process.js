// A process of a benchmark that never says a word.
setInterval(() => {}, 60_000)
process.on('disconnect', () => process.exit())
