/** The hash of values and states, as `shell/trace.ts` writes it into traces (spec/formats.md). */
export { hashOf, stateHash, writtenState } from '../../shell/trace.js'
