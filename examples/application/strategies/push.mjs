import { push } from 'noticeboard'
import { board } from './board.mjs'

export const strategy = push(board)
