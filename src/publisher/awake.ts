export { awake } from '../ports/awake.js'
