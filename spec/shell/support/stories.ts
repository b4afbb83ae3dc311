/** What is told of builds, of a knot and of an account, by the numbers of whoever asked; there is every kind of answer and of timer in it. */
import type { Event } from '../../../core/index.js'
import { buildTimer, cancel, comes, deadlineTimer, filesRead, KEY, name, OTHER, refuses, reports, retry, says, trigger, wavers, workflow, workflowsTimer } from '../../suite/examples/build-world.js'
import { at, CONFIG, eventOf, type Happening, K1, knotClosed, knotOpened, knotTimer, type WrittenEvent } from '../../suite/examples/support.js'

export const PENDING_S = CONFIG.builds.pendingMs / 1_000
export const RUNNING_S = CONFIG.builds.runningMs / 1_000
export const LATE = at(24 + PENDING_S)

const unread = (number: number, when: number, isFinal = false): WrittenEvent => ({ _tag: 'RequestFailed', at: when, error: 'no', isFinal, number, requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 })
const rejected = (connection: number, when: number): WrittenEvent => ({ _tag: 'KnotFrameRejected', at: when, connection, detail: '', host: K1, reason: 'json' })

export const BEGUN: ReadonlyArray<Happening> = [comes(trigger(), at(20)), unread(1, at(21)), workflowsTimer(2, at(22)), filesRead([workflow()], at(24), { number: 3 })]

export const FOLLOWED: ReadonlyArray<Happening> = [
  ...BEGUN,
  wavers(5, at(25)),
  buildTimer(6, at(26)),
  says('BuildMissing', 7, at(27)),
  wavers(8, at(28)),
  buildTimer(9, at(29)),
  says('BuildAccepted', 10, at(30)),
  reports('running', LATE - 60_000_000)
]

/** After a knot was opened, under the number 2. Journals of before the first release know all of it. */
export const STORIES: { readonly [story: string]: ReadonlyArray<Happening> } = {
  'a build whose time is over': [
    ...FOLLOWED,
    deadlineTimer(4, LATE),
    deadlineTimer(11, LATE + (RUNNING_S - 60) * 1_000_000),
    wavers(12, at(90_000)),
    buildTimer(13, at(90_001)),
    says('CancelAcknowledged', 14, at(90_002))
  ],
  'a build that never began': [...BEGUN, deadlineTimer(4, LATE), says('BuildAccepted', 5, LATE + 1_000_000), says('CancelAcknowledged', 6, LATE + 2_000_000)],
  'a build that was refused, and repeated': [
    ...BEGUN,
    refuses(5, at(25)),
    retry(at(26)),
    comes(trigger(), at(27), { rkey: OTHER }),
    filesRead([workflow()], at(28), { number: 8, rkey: OTHER }),
    says('BuildAccepted', 10, at(29), name('ci.yml', OTHER))
  ],
  'files that are not there': [...BEGUN.slice(0, 3), unread(3, at(23), true)],
  'an answer to what is not asked any more': [...BEGUN, says('BuildAccepted', 5, at(25)), cancel(at(26)), says('BuildMissing', 5, at(27)), wavers(5, at(28)), says('CancelAcknowledged', 6, at(29))],
  'a knot that comes and goes': [knotClosed(K1, 2, at(20)), knotTimer(K1, 3, at(21)), knotOpened(K1, 3, at(22)), rejected(3, at(23)), comes(trigger(), at(24), { connection: 3 }), comes(trigger(), at(25), { connection: 2, rkey: OTHER })]
}

/** The event, its numbers `by` later. (The stream's own are no others.) */
export const later = (event: Event, by: number): Event => {
  const plus = (key: string, value: unknown): unknown => (typeof value === 'number' && ['connection', 'number'].includes(key) ? value + by : value)
  return eventOf(JSON.parse(JSON.stringify(event, (key, value: unknown) => plus(key, value))) as WrittenEvent)
}

