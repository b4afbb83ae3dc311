/**
 * Events of calls: an authenticated caller asks for something.
 */
import * as t from 'io-ts'
import { Did, TimeUs } from '../data/identifiers.js'
import { Call, Token } from '../model/call.js'

/** A call, with a token whose signature is the caller's. The core decides whether the caller may make it. */
export const CallReceived = t.readonly(
  t.strict({ _tag: t.literal('CallReceived'), at: TimeUs, call: Call, caller: Did, token: Token }),
  'CallReceived'
)

export type CallReceived = t.TypeOf<typeof CallReceived>
