// The processor time that the import of a module takes in a fresh process.
import { answerQuestions, settings } from '../child.js'

const started = process.cpuUsage()
await import(settings.module)
const { user, system } = process.cpuUsage(started)

answerQuestions({ milliseconds: () => (user + system) / 1_000 })
