import { onDemand } from 'noticeboard'
import { board } from './board.mjs'

export const strategy = onDemand(board, { maxAgeMs: 500 })
