import process from 'node:process'
import { follow } from './follow.js'

await follow(process.argv[2])
