/** The public part of the stream's cursor: its reducer. */
export { CursorState, initial, reduce, resumeAt } from '../cursor/index.js'
