/** The reducer of the stream, as others see it. */
export { CursorState, initial, reduce, resumeAt } from '../cursor/index.js'
