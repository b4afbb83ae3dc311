/** The hash of a value: the first 16 digits of the SHA-256 of its canonical text (spec/formats.md). */
import { createHash } from 'node:crypto'
import { canonical, type Json, State } from '../../core/index.js'

export const hashOf = (value: Json): string => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 16)

/** A state as it is written down. */
export const writtenState = (state: State): Json => State.encode(state) as Json

/** The hash of a state: that of its written form. */
export const stateHash = (state: State): string => hashOf(writtenState(state))
