export { awake } from '../system/awake.js'
