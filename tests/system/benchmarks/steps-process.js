// A process of a benchmark that says three times that it goes on, before it answers or for ever.
process.on('message', (/** @type {{ id: number, what: string }} */ { id, what }) => {
  for (let step = 0; step < 3; step += 1) process.send?.({ id, goesOn: true })
  if (what === 'answered') process.send?.({ id, answer: 'done' })
})
process.on('disconnect', () => process.exit())
process.send?.({ id: 0 })
