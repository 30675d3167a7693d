import { pull } from 'noticeboard'
import { board } from './board.mjs'

export const strategy = pull(board, { pollIntervalMs: 1_000 })
