/** COMMIT, tried. */
import fc from 'fast-check'
import { describe } from 'vitest'
import { MEMBER, OrderedMap as M, REPO } from '../../../core/index.js'
import { puts } from '../arbitraries/changes.js'
import { hostChanges } from '../arbitraries/config.js'
import { dids, EPOCH_US, KNOTS, rkeys, weighted } from '../arbitraries/data.js'
import { readReplays, resent } from '../arbitraries/resent.js'
import { runs } from '../arbitraries/script.js'
import { admittingReplays, cleanRuns, disorderlyReplays, interleavings, orderlyRuns, replays } from '../arbitraries/stream.js'
import { COMMIT } from '../laws/commit.js'
import { uncounted } from '../laws/model.js'
import { elsewhere, RESENT } from '../laws/resent.js'
import { accountOf, end, FUTURE_US, isStranger, slotOf } from '../laws/run.js'
import { accountGoes, changesPolicy, has, isDeletion, releases, reports, some, staleFrame, stoppedBy, subscribes } from './cases.js'
import { check } from './support.js'

/** Runs after which there is time left for more. */
const shortRuns = runs({ about: 'rows', epochs: fc.constant(EPOCH_US), length: 20 })

const atKeys = fc.record({
  change: puts,
  did: dids,
  rkey: rkeys,
  run: shortRuns
})

const ofDids = fc.record({
  did: dids,
  run: shortRuns,
  status: weighted([2, 'deactivated'], [1, null], [1, 'takendown'])
})

describe('COMMIT, of a clean stream', () => {
  check(COMMIT, 'COMMIT-1', cleanRuns, {
    'a knot that another record still holds': some(
      ({ after, effects, event }) =>
        event._tag === 'CommitReceived' && event.record === null && effects.length === 0 && after.knots.holders.root !== null
    ),
    releases,
    subscribes
  })
  check(COMMIT, 'COMMIT-2', atKeys, {
    'a key that is taken': ({ change, did, rkey, run }) => slotOf(end(run), change.collection, did, rkey) !== undefined,
    'a record that holds a knot': ({ change }) => change.collection === REPO && change.record?.spindle === 'ci.example',
    'an account with a floor': ({ did, run }) => (accountOf(end(run), did)?.floor ?? null) !== null
  })
  check(COMMIT, 'COMMIT-3', ofDids, {
    'a subject that is one already': ({ did, run }) => M.has<string>(did)(end(run).commits.members),
    'an owner who is set aside': ({ run }) => accountOf(end(run), end(run).config.owner)?.active === false
  })
  check(COMMIT, 'COMMIT-4', ofDids, {
    'an account that is not known': ({ did, run }) => accountOf(end(run), did) === undefined,
    'an account that was deleted before': ({ did, run }) => (accountOf(end(run), did)?.floor ?? null) !== null,
    'an account with repositories': ({ did, run }) => !M.isEmpty(accountOf(end(run), did)?.repos ?? M.empty()),
    'the owner': ({ did, run }) => did === end(run).config.owner
  })
  check(COMMIT, 'COMMIT-5', ofDids, {
    'an account that holds a knot': ({ did, run }) =>
      M.toEntries(end(run).knots.holders).some(([, those]) => M.keys(those).some((name) => name.startsWith(`${did}/`))),
    'the owner, with members': ({ did, run }) => did === end(run).config.owner && !M.isEmpty(end(run).commits.members)
  })
})

describe('COMMIT, of a replayed stream', () => {
  check(COMMIT, 'COMMIT-6', runs({ about: 'rows' }), {
    'a commit from the future': some(({ event }) => event._tag === 'CommitReceived' && event.timeUs > event.at + FUTURE_US),
    'a commit that was stopped': stoppedBy('rev'),
    'a commit without a rev': some(({ event }) => event._tag === 'CommitReceived' && event.rev === null),
    'a commit that released a knot': releases
  })
  check(COMMIT, 'COMMIT-7', replays, {
    'a deletion that is replayed': ({ from, run }) => run.steps.slice(from % (run.steps.length + 1)).some(isDeletion),
    'a whole stream of some length': ({ from, run }) => from % (run.steps.length + 1) < 3 && run.steps.length > 10,
    'commits stopped by the floor': ({ run }) => stoppedBy('floor')(run),
    'knots that came and went': ({ run }) => releases(run)
  })
  check(COMMIT, 'COMMIT-21', disorderlyReplays, {
    'a commit with an earlier stamp than one before it at its key': ({ run }) =>
      some(({ after, before, event }) => {
        if (event._tag !== 'CommitReceived' || after.commits === before.commits) return false
        return event.timeUs < (slotOf(before, event.collection, event.did, event.rkey)?.timeUs ?? 0)
      })(run),
    'commits stopped by their time': ({ run }) => stoppedBy('time')(run)
  })
  check(
    RESENT,
    'COMMIT-26',
    resent,
    {
      'a commit of a stranger, who is admitted later': ({ again }) =>
        again.run.steps.some(({ before, event }) => event._tag === 'CommitReceived' && isStranger(before, event.did) && accountOf(end(again.run), event.did) !== undefined),
      'a deletion that comes again under a new stamp, and removes nothing': ({ again }) =>
        again.run.steps.some(
          (step, i) =>
            isDeletion(step) &&
            again.frames.indexOf(again.frames[i] ?? null) < i &&
            'did' in step.event &&
            accountOf(step.before, step.event.did ?? '')?.floor === accountOf(step.after, step.event.did ?? '')?.floor
        ),
      'an activation without a time that comes again': ({ again }) =>
        again.run.steps.some(
          ({ event }, i) => event._tag === 'AccountReceived' && event.active && event.changedUs === null && again.frames.indexOf(again.frames[i] ?? null) < i
        ),
      'an account event that goes back, of a member': ({ again: { run } }) =>
        run.config.admission === 'members' &&
        run.steps.some(({ before, event }) => event._tag === 'AccountReceived' && event.timeUs < (accountOf(before, event.did)?.asOfUs ?? 0)),
      'an end elsewhere, by a limit': (input) => elsewhere(input).length > 0,
      'records that were read, under members': ({ again: { run } }) => has('RecordsRead')(run),
      'everybody known': ({ again: { run } }) => run.config.admission === 'open'
    },
    2
  )
  check(COMMIT, 'COMMIT-23', runs({ about: 'rows', length: 100 }), {
    'a record with a field that is too long, applied': reports('FieldTooLong'),
    'one that lets go of a knot': some(
      ({ after, before, event }) =>
        event._tag === 'CommitReceived' &&
        event.record !== null &&
        uncounted(event.record).length > 0 &&
        M.size(after.knots.subscriptions) < M.size(before.knots.subscriptions)
    )
  })
  check(COMMIT, 'COMMIT-8', runs({ about: 'rows' }), {
    'stopped by its rev': stoppedBy('rev'),
    'stopped by its time': stoppedBy('time'),
    'stopped by the floor': stoppedBy('floor'),
    'over an old connection': staleFrame
  })
})

describe('COMMIT, of any stream', () => {
  check(COMMIT, 'COMMIT-9', runs({ about: 'rows', length: 40 }), {
    'an account that goes': accountGoes,
    'an account that lives again': some(
      ({ before, event }) => event._tag === 'CommitReceived' && (accountOf(before, event.did)?.floor ?? null) !== null
    ),
    'another configuration': changesPolicy,
    'stopped by its time': stoppedBy('time'),
    'stopped by the floor': stoppedBy('floor')
  })
  check(COMMIT, 'COMMIT-10', runs({ about: 'rows' }), {
    'a member who goes': some(({ after, before }) => M.size(after.commits.members) < M.size(before.commits.members)),
    'a member by several records': some(({ after }) => M.toEntries(after.commits.members).some(([, n]) => n > 1))
  })
  check(COMMIT, 'COMMIT-11', interleavings, {
    'another order': ({ other, run }) => JSON.stringify(other.events) !== JSON.stringify(run.events),
    'knots that came and went': ({ run }) => releases(run),
    'members in both': ({ run }) => run.config.admission === 'members' && subscribes(run)
  })
  check(COMMIT, 'COMMIT-12', runs({ about: 'rows' }), {
    'a deletion of what is deleted': some(
      (step) => isDeletion(step) && 'did' in step.event && (accountOf(step.before, step.event.did ?? '')?.floor ?? null) !== null
    ),
    'a commit above a floor': some(
      ({ after, before, event }) =>
        event._tag === 'CommitReceived' &&
        after.commits !== before.commits &&
        (accountOf(before, event.did)?.floor ?? null) !== null
    )
  })
  check(COMMIT, 'COMMIT-13', runs({ about: 'rows' }), {
    'a commit of an account that is set aside': some(
      ({ after, before, event }) =>
        event._tag === 'CommitReceived' && after.commits !== before.commits && accountOf(before, event.did)?.active === false
    ),
    'an account event of a stranger': some(
      ({ before, event }) => event._tag === 'AccountReceived' && accountOf(before, event.did) === undefined
    )
  })
  check(COMMIT, 'COMMIT-14', runs({ about: 'rows' }), { 'an account that goes': accountGoes })
  check(COMMIT, 'COMMIT-15', runs({ about: 'rows' }), {
    'a member record of the owner': some(
      ({ after, before, event }) =>
        event._tag === 'CommitReceived' && event.collection === MEMBER && after.commits.members !== before.commits.members
    )
  })
  check(COMMIT, 'COMMIT-16', runs({ about: 'rows' }), {
    'an account event from the future': some(
      ({ before, event }) =>
        event._tag === 'AccountReceived' && event.timeUs > event.at + FUTURE_US && accountOf(before, event.did) !== undefined
    ),
    'one as old as what is known': some(
      ({ before, event }) => event._tag === 'AccountReceived' && event.timeUs === accountOf(before, event.did)?.asOfUs
    ),
    'one that is too old': some(
      ({ before, event }) => event._tag === 'AccountReceived' && event.timeUs < (accountOf(before, event.did)?.asOfUs ?? 0)
    )
  })
  check(COMMIT, 'COMMIT-17', orderlyRuns, {
    'a repository of an account that is set aside': (run) =>
      M.toEntries(end(run).commits.accounts).some(([, { active, repos }]) => !active && !M.isEmpty(repos)),
    'a repository that was deleted': (run) =>
      M.toEntries(end(run).commits.accounts).some(([, { repos }]) => M.toEntries(repos).some(([, { record }]) => record === null))
  })
  check(COMMIT, 'COMMIT-18', runs({ about: 'rows' }), {
    'a knot that is refused': reports('KnotRefused'),
    'a record without a knot': some(
      ({ event }) => event._tag === 'CommitReceived' && event.collection === REPO && event.record?.knot === ''
    )
  })
  check(COMMIT, 'COMMIT-19', fc.record({ change: puts, did: dids, hasRev: fc.boolean(), rkey: rkeys, run: shortRuns }), {
    'a floor that has no rev': ({ did, hasRev, run }) => !hasRev && accountOf(end(run), did) === undefined,
    'a floor that has one': ({ hasRev }) => hasRev,
    'an account that was deleted before': ({ did, run }) => (accountOf(end(run), did)?.floor ?? null) !== null
  })
  check(COMMIT, 'COMMIT-24', fc.oneof(admittingReplays, readReplays), {
    'an account event that goes back, of a member': ({ run }) =>
      run.steps.some(({ before, event }) => event._tag === 'AccountReceived' && event.timeUs < (accountOf(before, event.did)?.asOfUs ?? 0)),
    'records that were read': ({ run }) => has('RecordsRead')(run),
    'a member with a horizon, and rows': ({ run }) =>
      M.toEntries(end(run).commits.accounts).some(([, { horizonUs, repos }]) => horizonUs !== null && !M.isEmpty(repos)),
    'a commit of a stranger, who is admitted later': ({ run }) =>
      run.steps.some(
        ({ before, event }) =>
          event._tag === 'CommitReceived' && accountOf(before, event.did) === undefined && accountOf(end(run), event.did) !== undefined && event.did !== run.config.owner
      ),
    'a member who goes, with rows': ({ run }) =>
      run.steps.some(({ after, before }) =>
        M.toEntries(before.commits.accounts).some(([did, { repos }]) => !M.isEmpty(repos) && accountOf(after, did) === undefined)
      )
  })
  check(COMMIT, 'COMMIT-25', runs({ about: 'rows', length: 40 }), {
    'a stranger without room': some(
      ({ before, effects, event }) =>
        event._tag === 'CommitReceived' &&
        event.did !== before.config.owner &&
        effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'KeyRefused')
    ),
    'an owner without room': some(
      ({ before, effects, event }) =>
        event._tag === 'CommitReceived' &&
        event.did === before.config.owner &&
        effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'KeyRefused')
    )
  })
  check(COMMIT, 'COMMIT-22', fc.record({ did: dids, run: shortRuns, status: weighted([2, 'deleted'], [1, 'suspended'], [1, null]) }), {
    'a deactivation': ({ status }) => status !== 'deleted',
    'an account that was deleted before': ({ did, run }) => (accountOf(end(run), did)?.floor ?? null) !== null,
    'the owner': ({ did, run }) => did === end(run).config.owner
  })
  const rereadings = fc
    .tuple(hostChanges, fc.array(fc.constantFrom(...KNOTS, 'localhost:8443'), { maxLength: 6, minLength: 3 }))
    .map(([{ after, before }, knots]) => ({ after, before, knots }))
  check(COMMIT, 'COMMIT-20', rereadings, {
    'a loopback name that is not allowed any more': ({ after, before, knots }) =>
      before.hosts.loopback && !after.hosts.loopback && knots.includes('localhost'),
    'a port that is not allowed any more': ({ after, before, knots }) =>
      before.hosts.ports && !after.hosts.ports && knots.includes('knot1.example:8443'),
    'a port that need not be written any more': ({ after, before, knots }) =>
      before.hosts.ports && after.hosts.defaultPort === 8443 && knots.includes('knot1.example:8443')
  })
})
