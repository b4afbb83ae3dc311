/**
 * Events of calls: somebody asks for something, and has proved who they are.
 */
import * as t from 'io-ts'
import { Did, TimeUs } from '../data/identifiers.js'
import { Call, Token } from '../model/call.js'

/** Somebody calls, by a token whose signature is that of the caller. Whether they may is for the core to say. */
export const CallReceived = t.readonly(
  t.strict({ _tag: t.literal('CallReceived'), at: TimeUs, call: Call, caller: Did, token: Token }),
  'CallReceived'
)

export type CallReceived = t.TypeOf<typeof CallReceived>
