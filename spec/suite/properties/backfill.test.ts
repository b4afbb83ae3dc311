/** BACKFILL, tried. */
import { describe } from 'vitest'
import { OrderedMap as M } from '../../../core/index.js'
import { settled, successions } from '../arbitraries/backfill.js'
import { BACKFILL } from '../laws/backfill.js'
import { has, some } from './cases.js'
import { check } from './support.js'

const runsOf = settled.map(({ run }) => run)

const readsMember = some(({ effects }) => effects.some((effect) => effect._tag === 'ReadRecords' && effect.did !== 'did:plc:owner'))

const isTooLate = some(({ after, before, event }) => event._tag === 'RecordsRead' && after === before)

describe('BACKFILL', () => {
  check(BACKFILL, 'BACKFILL-1', settled, {
    'a commit while its account is read': ({ run }) =>
      some(({ before, event }) => event._tag === 'CommitReceived' && M.has(event.did)(before.backfill.accounts))(run),
    'a member': ({ servers }) => servers.size > 1,
    'a page that comes too late': ({ run }) => isTooLate(run),
    'a restart': ({ run }) => run.events.filter(({ _tag }) => _tag === 'Started').length > 1,
    'several pages': ({ run }) => some(({ event }) => event._tag === 'RecordsRead' && event.next !== null)(run)
  })
  check(BACKFILL, 'BACKFILL-2', successions, {
    'a member': readsMember,
    'another owner, while the first is read': some(
      ({ before: { backfill }, event }) =>
        event._tag === 'Started' && event.config.backfill && backfill.owner !== null && backfill.owner !== event.config.owner && M.has(backfill.owner)(backfill.accounts)
    ),
    'none is wanted any more': some(({ before, event }) => event._tag === 'Started' && !event.config.backfill && before.config.backfill)
  })
  check(BACKFILL, 'BACKFILL-3', runsOf, { 'a page that comes too late': isTooLate, 'an answer that fails': has('RequestFailed') })
})
