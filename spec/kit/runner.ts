/**
 * The reference behind the protocol: a port like any other (spec/formats.md). It is what a port in another language is to be, and
 * shows that the kit passes what is right.
 *
 *     node dist/spec/kit/runner.js
 */
import { createInterface } from 'node:readline'
import { canonical, Config, Event, initial, State, step } from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import { type Answer, Request, type Subject, SUBJECTS, VERSION } from './format.js'
import { stateHash, writtenState } from '../../shell/lib/trace.js'
import { SUBJECT } from './subjects.js'

const NAME = 'tack'

const isSubject = (subject: string): subject is Subject => SUBJECTS.some((known) => known === subject)

/** Answers requests one after the other; `null` to `stop`. */
const port = (): ((request: Request) => Answer | null) => {
  let state: State | null = null
  const present = (): State => {
    if (state === null) throw new Error('there was no init')
    return state
  }
  return (request) => {
    const { id } = request
    switch (request._tag) {
      case 'start':
        if (request.version !== VERSION)
          throw new Error(`this port speaks version ${String(VERSION)}, not ${String(request.version)}`)
        return { _tag: 'started', id, name: NAME, version: VERSION }
      case 'init':
        state = null
        state = 'config' in request ? initial(must(Config.decode(request.config))) : must(State.decode(request.state))
        return { _tag: 'done', hash: stateHash(state), id }
      case 'step': {
        const [after, effects] = step(present(), must(Event.decode(request.event)))
        state = after
        return { _tag: 'stepped', effects, hash: stateHash(after), id }
      }
      case 'state':
        return { _tag: 'state', id, state: writtenState(present()) }
      case 'decode':
        return isSubject(request.subject)
          ? { _tag: 'decoded', id, output: SUBJECT[request.subject](request.input) }
          : { _tag: 'skipped', id, reason: `unknown subject: ${request.subject}` }
      case 'stop':
        return null
    }
  }
}

const answer = port()
for await (const line of createInterface({ input: process.stdin })) {
  const request = must(Request.decode(JSON.parse(line)))
  let answered: Answer | null
  try {
    answered = answer(request)
  } catch (error) {
    answered = { _tag: 'errored', id: request.id, message: error instanceof Error ? error.message : String(error) }
  }
  if (answered === null) break
  process.stdout.write(`${canonical(answered)}\n`)
}
