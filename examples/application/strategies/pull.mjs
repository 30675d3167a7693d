import { pull } from 'noticeboard'
import { board } from './board.mjs'

export const strategy = pull(board, { intervalMs: 1_000 })
