/** The reference as a port, without a process: what runner.ts puts behind the protocol. */
import { Config, Event, initial, State, step } from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import { type Answer, type Request, type Subject, SUBJECTS, VERSION } from './format.js'
import { stateHash, writtenState } from '../../shell/lib/trace.js'
import { SUBJECT } from './subjects.js'

const NAME = 'tack'

const isSubject = (subject: string): subject is Subject => SUBJECTS.some((known) => known === subject)

/** Throws what is answered with `errored`. */
const answering = (): ((request: Request) => Answer | null) => {
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

/** A port that has been asked for nothing yet. It answers requests one after the other: `null` to `stop`. */
export const createPort = (): ((request: Request) => Answer | null) => {
  const answer = answering()
  return (request) => {
    try {
      return answer(request)
    } catch (error) {
      return { _tag: 'errored', id: request.id, message: error instanceof Error ? error.message : String(error) }
    }
  }
}
