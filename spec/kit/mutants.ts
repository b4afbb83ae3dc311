/**
 * For each law a mutant: the core with one place changed, so that the law does not hold any more, and the trace or the vectors that show
 * it. So the traces and vectors are known to hold a port to every law that can be seen from outside (mutants.test.ts). Likewise for
 * readings of the rules that ports have tried, or could.
 *
 * `from` is compiled text of `dist/core`.
 */
import type { Mutation } from './mutate.js'

export interface Mutant extends Mutation {
  /** The name of a trace, or the subject of the vectors. */
  readonly killedBy: string
  readonly laws: ReadonlyArray<string>
}

const mutant = (laws: string, file: string, from: string, to: string, killedBy: string): Mutant => ({
  file,
  from,
  killedBy,
  laws: laws.split(' '),
  to
})

export const MUTANTS: ReadonlyArray<Mutant> = [
  // ---------------------------------------------------------------------------------------- MACHINE
  mutant('MACHINE-1', 'base/connection.js', 'lowMs: 0', 'lowMs: Date.now()', 'minimal.pauses'),
  mutant(
    'MACHINE-3',
    'knots/index.js',
    'return subscription?.connection.number === number ? subscription : null',
    'if (subscription === null) throw new Error(); return subscription?.connection.number === number ? subscription : null',
    'minimal.knot-phases'
  ),
  mutant('MACHINE-4', 'wire/json.js', "typeof u === 'object' && u !== null && !Array", "typeof u === 'object' && !Array", 'jetstream'),
  mutant('MACHINE-5', 'wire/json.js', 'O.tryCatch(() => JSON.parse(text))', 'O.some(JSON.parse(text))', 'knot'),
  mutant('MACHINE-6', 'cursor/advance.js', 'poisonings: moves ? 0 : state.poisonings', 'poisonings: 0', 'minimal.poison'),
  mutant('MACHINE-7', 'knots/written.js', 'E.right({ ...written, holders })', 'E.right({ ...written, holders: M.empty() })', 'query'),
  mutant('MACHINE-8', 'commits/derived.js', 'members: membersOf(config, accounts, named)', 'members: M.empty()', 'query'),
  mutant('MACHINE-9', 'cursor/advance.js', 'firstUs: a.firstUs', 'firstUs: b.firstUs', 'fold'),
  mutant('MACHINE-10', 'knots/reconcile.js', 'return [after, [...first, ...second]]', 'return [after, [...second, ...first]]', 'S13.8'),
  mutant('MACHINE-11', 'machine.js', "KnotClosed: ['knots']", "KnotClosed: ['commits']", 'minimal.knot-phases'),
  mutant('MACHINE-12', 'counters/index.js', 'const RECENT = 20', 'const RECENT = 21', 'minimal.counters'),
  mutant('MACHINE-13', 'machine.js', 'state.isStopped && isStopped ? effects.filter(isNotice) : effects', 'effects', 'minimal.knot-phases'),
  mutant('MACHINE-14', 'knots/connections.js', '{ ...was, connection: connecting(before.next), since }', '{ ...was, cursor: null, connection: connecting(before.next), since }', 'minimal.knot-cursor'),
  mutant('MACHINE-15', 'knots/connections.js', 'connection }), next: (state.next + 1) }', 'connection }), next: state.next }', 'minimal.knot-phases'),
  mutant('MACHINE-16', 'batch.js', 'isLazy: effects.length === 0 && ', 'isLazy: ', 'fold'),
  mutant('MACHINE-17', 'builds/slim.js', 'runOf(before, host, rkey) === null && ', '', 'fold'),

  // ---------------------------------------------------------------------------------------- COMMIT
  mutant('COMMIT-1', 'commits/gates.js', 'slot.rev === null || rev > slot.rev', 'slot.rev === null || rev < slot.rev', 'minimal.tombstone'),
  mutant('COMMIT-2', 'commits/commit.js', 'return M.upsertAt(rkey, written)(map)', 'return slot === null && record === null ? map : M.upsertAt(rkey, written)(map)', 'minimal.tombstone'),
  mutant('COMMIT-3', 'data/tally.js', 'count === 0', 'more < 0', 'minimal.members'),
  mutant('COMMIT-4', 'commits/account.js', '...knownAccount(asOfUs, account.horizonUs)', '...account, asOfUs', 'minimal.floor'),
  mutant('COMMIT-5', 'commits/model.js', 'account === null || !account.active', 'account === null', 'minimal.aside'),
  mutant('COMMIT-6', 'commits/gates.js', 'slot.rev === null || rev > slot.rev', 'slot.rev === null || rev >= slot.rev', 'minimal.gates'),
  mutant('COMMIT-7', 'commits/gates.js', 'timeUs > slot.timeUs', 'timeUs >= slot.timeUs', 'minimal.gates'),
  mutant('COMMIT-8', 'commits/gates.js', 'isTidAfter(rev, floor.timeUs, 0) && ', '', 'minimal.floor'),
  mutant('COMMIT-9', 'commits/commit.js', 'name: record.name', "name: ''", 'S13.2'),
  mutant('COMMIT-10', 'commits/derived.js', 'record !== null && record.instance === config.hostname', 'record !== null', 'minimal.members'),
  mutant('COMMIT-11', 'commits/commit.js', 'didsOf([old, now])', 'didsOf([old])', 'minimal.members'),
  mutant('COMMIT-12', 'commits/account.js', 'happenedUs(event) > account.floor.timeUs', 'true', 'minimal.floor'),
  mutant('COMMIT-13', 'commits/account.js', '({ active, asOfUs, collaborators, floor, horizonUs, members, repos, setAside })', '({ active: true, asOfUs, collaborators, floor, horizonUs, members, repos, setAside })', 'minimal.aside'),
  mutant('COMMIT-14', 'commits/admission.js', 'account.floor !== null || sizeOf(account) > 0', 'true', 'state'),
  mutant('COMMIT-15', 'commits/commit.js', 'M.upsertAt(event.did, account)(commits.accounts)', 'M.upsertAt(config.owner, account)(commits.accounts)', 'minimal.holders'),
  mutant('COMMIT-16', 'commits/account.js', 'event.timeUs >= account.asOfUs', 'event.timeUs > account.asOfUs', 'minimal.aside'),
  mutant('COMMIT-17', 'commits/model.js', 'O.fromNullable(liveRecord(accountOf(rows, did), rkey))', 'O.fromNullable(liveRecord(accountOf(rows, rows.config.owner), rkey))', 'query'),
  mutant('COMMIT-18', 'commits/commit.js', "record === null || record.knot === ''", 'record === null', 'minimal.holders'),
  mutant('COMMIT-19', 'commits/gates.js', 'floor.rev === null || rev > floor.rev', 'floor.rev === null || rev >= floor.rev', 'minimal.floor'),
  mutant('COMMIT-20', 'commits/configured.js', 'derive(config, rereadUnder(config.hosts)(accounts))', 'derive(config, accounts)', 'minimal.config'),
  mutant('COMMIT-22', 'commits/account.js', '{ ...setAside, isOver: true }', 'setAside', 'D5.62'),
  mutant('COMMIT-23', 'commits/commit.js', 'written(rows, cutToLimits(event), before', 'written(rows, event, before', 'S9.12'),
  mutant('COMMIT-24', 'commits/gates.js', 'timeUs <= horizonUs && (slot === null || slot.rev === null)', 'false', 'D7.18'),
  mutant('COMMIT-26', 'commits/gates.js', 'slot.rev === null || rev > slot.rev', 'true', 'minimal.gates'),
  mutant('COMMIT-25', 'commits/commit.js', 'slot === null && roomFor(rows, event.did, before) <= 0', 'false', 'D7.34'),
  mutant('COMMIT-21', 'commits/commit.js', 'timeUs: laterOf(slot.timeUs, timeUs)', 'timeUs', 'minimal.gates'),

  // ---------------------------------------------------------------------------------------- CURSOR
  mutant('CURSOR-1', 'cursor/advance.js', 'cursor: isLast ? last : state.cursor', 'cursor: last', 'minimal.cursor'),
  mutant('CURSOR-2', 'cursor/advance.js', 'cursor: isLast ? last', 'cursor: isLast ? event.at', 'minimal.silence'),
  mutant('CURSOR-3', 'cursor/advance.js', 'last: event.lastUs', 'last: event.firstUs', 'fold'),
  mutant('CURSOR-4', 'data/identifiers.js', 'timeUs > at + FUTURE_US', 'timeUs >= at + FUTURE_US', 'minimal.cursor'),
  mutant('CURSOR-5', 'cursor/position.js', 'state.askedUs !== null || position === null', 'position === null', 'minimal.resume'),
  mutant('CURSOR-6', 'cursor/position.js', 'usBefore(position, config.rewindUs)', 'position', 'minimal.rewind'),
  mutant('CURSOR-7', 'cursor/advance.js', 'event.timeUs === null ?', "event.timeUs === null || event._tag === 'FrameRejected' ?", 'minimal.silence'),
  mutant('CURSOR-8', 'cursor/advance.js', 'first > asked + config.toleranceUs', 'first >= asked + config.toleranceUs', 'minimal.gap'),
  mutant('CURSOR-9', 'machine.js', 'return isFrame(event) && isStale(state, event)', 'return false', 'minimal.phases'),
  mutant('CURSOR-11', 'cursor/advance.js', 'event.ordinal === mark.ordinal', 'true', 'D10.16'),
  mutant('CURSOR-10', 'base/connection.js', 'openedAt >= backoff.healthyAfterMs', 'openedAt > backoff.healthyAfterMs', 'minimal.pauses'),

  // ---------------------------------------------------------------------------------------- KNOT
  mutant('KNOT-1', 'knots/reconcile.js', '!M.has(host)(state.holders) && M.has(host)(state.subscriptions)', 'false', 'minimal.holders'),
  mutant('KNOT-2', 'commits/model.js', '(did, rkey) => `${did}/${rkey}`;', '(did, rkey) => `${rkey}/`;', 'minimal.holders'),
  mutant('KNOT-3', 'data/multimap.js', 'M.isEmpty(rest) ?', 'true ?', 'minimal.holders'),
  mutant('KNOT-4', 'knots/index.js', "event._tag === 'Started' ? difference", "event._tag === 'KnotReceived' ? difference", 'minimal.config'),
  mutant('KNOT-5', 'knots/reconcile.js', 'M.has(host)(state.holders) && !M.has(host)(state.subscriptions)', 'M.has(host)(state.holders)', 'minimal.holders'),
  mutant(
    'KNOT-6',
    'knots/received.js',
    'update(state, event.host, { ...subscription, cursor: stamp })',
    '{ ...state, subscriptions: M.map((other) => ({ ...other, cursor: stamp }))(state.subscriptions) }',
    'minimal.config'
  ),
  mutant('KNOT-7', 'base/connection.js', 'const DOUBLINGS = 30', 'const DOUBLINGS = 31', 'minimal.losses'),
  mutant('KNOT-8', 'knots/index.js', '&& isConnecting(subscription.connection)', '&& isLive(subscription.connection)', 'minimal.knot-phases'),
  mutant('KNOT-9', 'knots/index.js', 'subscription?.connection.number === number', 'number > 0', 'minimal.knot-phases'),
  mutant('KNOT-10', 'knots/reconcile.js', 'previousNano(subscription.cursor)', 'subscription.cursor', 'minimal.knot-cursor'),
  mutant('KNOT-11', 'knots/received.js', 'subscription.cursor === null || nanosBefore(subscription.cursor, stamp)', 'true', 'minimal.knot-cursor'),

  // ---------------------------------------------------------------------------------------- NONINTERFERENCE
  mutant('NONINTERFERENCE-1', 'commits/admission.js', "rows.config.admission === 'open' ||", 'true ||', 'minimal.members'),

  // ---------------------------------------------------------------------------------------- BACKFILL
  mutant('BACKFILL-1', 'commits/listed.js', 'isUntouched(slotAt(before, collection, rkey))', 'true', 'B2.2'),
  mutant('BACKFILL-2', 'backfill/index.js', 'given.config.backfill ? changesIn(state, event, given) : EMPTY', 'changesIn(state, event, given)', 'B1.10'),
  mutant('BACKFILL-3', 'backfill/index.js', 'reading?.collection === collection && Request.isAsked(reading.request, number)', 'reading?.collection === collection', 'B3.5'),

  // ---------------------------------------------------------------------------------------- BUILD
  mutant('BUILD-1', 'access/rights.js', 'actor === null || actor === repository.owner', 'true', 'T2.5'),
  mutant('BUILD-2', 'builds/timers.js', "ask(state, name, 'Finding', request.attempt)", "ask(state, name, 'Starting', request.attempt)", 'T5.3'),
  mutant('BUILD-3', 'builds/allow.js', 'if (repository.owner === config.owner)', 'if (true)', 'T3.14'),
  mutant('BUILD-4', 'builds/life.js', 'RANKS[status] > RANKS[build.status]', 'RANKS[status] >= RANKS[build.status]', 'T4.2'),
  mutant('BUILD-5', 'builds/resume.js', 'isFinal(build.status) ? withoutEffects(state) : withDeadline(context, state, name)', 'withoutEffects(state)', 'T5.11'),
  mutant('BUILD-6', 'base/request.js', "request.phase === 'Asked' && request.number === number", "request.phase === 'Asked'", 'T5.9'),
  mutant('BUILD-7', 'builds/withdrawn.js', '`${knot}/${did}/${rkey}`', '`${knot}`', 'T2.13'),
  mutant('BUILD-8', 'model/build.js', "!(i === 0 && c === '.')", 'true', 'build-key'),
  mutant('BUILD-9', 'builds/triggers.js', 'counterpart !== null && !counterpart.isOpen', 'false', 'T1.11'),
  mutant('BUILD-11', 'builds/counterparts.js', "isOpen: told.outcome === 'left'", 'isOpen: false', 'T1.35'),
  mutant('BUILD-10', 'builds/life.js', "fault === null ? ask(state, name, 'Starting', request.attempt)", 'fault === null ? unchanged(state)', 'T5.3'),
  mutant('BUILD-12', 'builds/orders.js', 'run === null || refusal !== null', 'run === null', 'T4.22'),
  mutant('BUILD-14', 'builds/provider-requests.js', 'externalOf(build.phase) === null ?', 'true ?', 'T4.7'),
  mutant('BUILD-13', 'data/budget.js', 'if (cost > rest)', 'if (false)', 'T3.35'),
  mutant('BUILD-15', 'builds/quota.js', 'knot: 2, owner: 1', 'knot: 2, owner: 2', 'T6.13'),
  mutant('BUILD-15', 'builds/waiting.js', 'addAt(ofOwners, run.repository.owner, 1)', 'ofOwners', 'minimal.flood'),
  mutant('BUILD-16', 'builds/life.js', "status === 'pending' && error === null && at", "status === 'pending' && at", 'T5.32'),

  // ---------------------------------------------------------------------------------------- CALL
  mutant('CALL-1', 'builds/calls.js', 'if (!isTaken(answer))', 'if (false)', 'T7.7'),
  mutant('CALL-2', 'builds/calls.js', 'if (refusal !== null)', 'if (false)', 'T7.13'),
  mutant('CALL-3', 'builds/calls.js', "if (right !== 'granted')", 'if (false)', 'T7.7'),
  mutant('CALL-4', 'builds/reading.js', 'run.only !== null && found.workflows.length === 0', 'false', 'T7.4'),

  // ---------------------------------------------------------------------------------------- ACCESS
  mutant('ACCESS-1', 'access/rights.js', 'access.collaborators.includes(actor)', 'true', 'T2.35'),
  mutant('ACCESS-2', 'access/index.js', "const kept = op === 'remove' &&", 'const kept = false &&', 'T2.32'),
  mutant('ACCESS-3', 'access/asked.js', 'const access = isStale(entry, event.at) ? null : entry.access', 'const access = null', 'T2.49'),
  mutant('ACCESS-4', 'access/claims.js', 'isAsking && M.has(key)(after.claimants)', 'isAsking', 'T2.43'),
  mutant('ACCESS-5', 'builds/reading.js', "if (right === 'unknown')", 'if (false)', 'T2.44'),
  mutant('ACCESS-6', 'access/inquiry.js', 'keepsLists ? denied(keepsLists, detail)', 'false ? denied(keepsLists, detail)', 'inquiry'),
  mutant('ACCESS-7', 'access/inquiry.js', 'return unread(said.error, said.waitMs)', "return found({ _tag: 'ByRecords' })", 'inquiry'),

  mutant('ACCESS-9', 'access/room.js', 'own < STRANGER.entries && ', '', 'T2.73'),
  mutant('ACCESS-10', 'access/claims.js', 'dids.includes(access.owner)', 'false', 'T2.70'),
  mutant('ACCESS-11', 'access/entries.js', 'count(did) < count(least)', 'count(did) > count(least)', 'T2.73'),
  mutant('ACCESS-8', 'access/index.js', 'Did.is(repo) && knotKeepsLists(state, knot)', 'false', 'T2.60'),

  // ---------------------------------------------------------------------------------------- STREAM
  mutant('STREAM-1', 'builds/statuses.js', 'laterOf(at, (state.lastUs + 1))', 'at', 'T4.8'),
  mutant('STREAM-2', 'builds/status-log.js', 'logKey(afterUs + 1)', 'logKey(afterUs)', 'query'),
  mutant('STREAM-3', 'builds/statuses.js', 'if (surplus <= 0)', 'if (surplus <= 1)', 'T6.1'),
  mutant('STREAM-4', 'builds/status-log.js', 'afterUs < log.floorUs', 'afterUs <= log.floorUs', 'query'),
  mutant('STREAM-5', 'builds/statuses.js', 'if (workflows.length === 0)', 'if (true)', 'T3.1'),

  // ---------------------------------------------------------------------------------------- PIPE
  mutant('PIPE-1', 'data/descending.js', 'here.key >= below', 'here.key > below', 'query'),
  mutant('PIPE-2', 'builds/pipeline-index.js', '[placeOf(did, kind), placeAt(did, kind, commit)]', '[placeOf(did, kind)]', 'query'),
  mutant('PIPE-3', 'builds/named.js', 'name.length <= NAME_MAX', 'true', 'query'),
  mutant('PIPE-4', 'builds/statuses.js', "status === 'running' ? createdUs : build.startedUs", 'build.startedUs', 'T4.2'),

  // ---------------------------------------------------------------------------------------- HOST
  mutant('HOST-1', 'data/host-name.js', 'return name;', 'return host;', 'host'),
  mutant('HOST-2', 'data/host-name.js', 'Number(port) === policy.defaultPort ? name :', '', 'host'),
  mutant('HOST-3', 'data/host-name.js', '(?:[0-9]+|0x[^.]*)$', '(?:[0-9]+)$', 'host'),
  mutant('HOST-4', 'data/host-name.js', '{0,61}', '{0,62}', 'host'),
  mutant('HOST-5', 'data/punycode.js', 'index %= count;', 'index %= points.length;', 'host'),

  // ---------------------------------------------------------------------------------------- CANON
  mutant('CANON-1', 'data/canonical.js', 'key < last || ', '', 'canonical'),
  mutant('CANON-2', 'data/canonical.js', 'return value.map(sorted)', 'return value.map(sorted).reverse()', 'canonical'),
  mutant('CANON-3', 'data/canonical.js', '(a < b ? -1 : 1)', 'a.localeCompare(b)', 'canonical'),
  mutant('CANON-4', 'data/canonical.js', 'isSorted(value) ? value : sorted(value)', 'isSorted(value) ? value : sorted(value), null, 1', 'canonical'),

  // ---------------------------------------------------------------------------------------- CODEC
  mutant('CODEC-1', 'events/stream.js', 'poisoned: t.boolean', '', 'fold'),
  mutant('CODEC-2', 'report.js', 'gotUs: TimeUs', '', 'minimal.gap'),
  mutant('CODEC-3', 'cursor/model.js', 'passedUs: TimeUs', 'pastUs: t.unknown', 'minimal.poison'),
  mutant('CODEC-4', 'knots/written.js', 'connection.number >= written.next', 'connection.number > written.next', 'state'),
  mutant('CODEC-5', 'knots/written.js', 'wanted.length !== subscribed.length || ', '', 'state'),
  mutant('CODEC-6', 'data/ordered-map.js', '!(before[0] < here[0])', '!(before[0] <= here[0])', 'state'),

  // ---------------------------------------------------------------------------------------- WIRE
  mutant('WIRE-1', 'wire/records.js', 'u === undefined || u === null', 'u === undefined', 'jetstream'),
  mutant('WIRE-2', 'wire/json.js', 'O.isSome(name) && name.value === key', 'O.isSome(name) && name.value === key && O.isNone(found)', 'knot'),
  mutant('WIRE-3', 'wire/jetstream.js', 'if (!TimeUs.is(time_us))', 'if (!TimeUs.is(time_us) && Did.is(did))', 'jetstream'),
  mutant('WIRE-4', 'data/text.js', 'const EXCERPT = 120', 'const EXCERPT = 119', 'excerpt')
]

/** A rule that can be read in another way: the core with that reading, and the trace or the vectors that show it to be wrong. */
export interface Misreading extends Mutation {
  /** The name of a trace, or the subject of the vectors. */
  readonly killedBy: string
  readonly reading: string
}

const misreading = (reading: string, file: string, from: string, to: string, killedBy: string): Misreading => ({ file, from, killedBy, reading, to })

export const MISREADINGS: ReadonlyArray<Misreading> = [
  misreading('a page all of whose items are passed over is the last', 'wire/list-records.js', 'items.length === 0 ||', 'records.length === 0 ||', 'list-records'),
  misreading(
    'the stamp of an activation stands for its time',
    'commits/account.js',
    'changedUs === null || changedUs <= setAside.changedUs',
    '(changedUs ?? event.timeUs) <= setAside.changedUs',
    'F9.6'
  ),
  misreading('a call with an empty list of workflows means none', 'wire/call-body.js', 'names.length === 0 ? null : names', 'names', 'call'),
  misreading(
    'a tombstone stands, even one without a rev that is stamped 0',
    'commits/gates.js',
    'slot.rev === null && slot.timeUs === 0',
    'slot.rev === null && slot.timeUs === 0 && slot.record !== null',
    'B2.14'
  ),
  misreading(
    'a counterpart is one under another key',
    'builds/triggers.js',
    'const counterpart = counterpartOf(state, knot, kind, { meant, push: cause })',
    'const found = counterpartOf(state, knot, kind, { meant, push: cause }); const counterpart = found?.rkey === rkey ? null : found',
    'T1.73'
  ),
  misreading('what was left under a key stays when a run begins under it', 'builds/sources.js', 'M.has(rkey)(source.spent)', 'false', 'T1.75'),
  misreading(
    'a list that is too long is a failure, whoever’s it is',
    'access/index.js',
    'const error = objection(given, state, [knot, repo, entry], access)',
    "const error = event.access._tag === 'ByKnot' && event.access.collaborators.length > 500 ? 'there are too many collaborators' : objection(given, state, [knot, repo, entry], access)",
    'T2.78'
  ),
  misreading('where there is no entry, nothing is known', 'access/rights.js', 'entry === null ? UNASKED', 'entry === null ? null', 'T2.79'),
  misreading('where there is no entry, the records decide', 'access/rights.js', 'entry === null ? UNASKED', 'entry === null ? BY_RECORDS', 'T2.79'),
  misreading(
    'the entry without a DID is that of all text that is none',
    'builds/withdrawn.js',
    'repository.did === repo',
    "(repository.did.startsWith('did:') ? repository.did : '') === repo",
    'T2.80'
  ),
  misreading('entries that are made in one step do not count for each other', 'access/entries.js', 'const count = (did) => countAt(state.ofAccounts, did)', 'const count = () => 0', 'T2.81'),
  misreading(
    'a start ends the runs whose right is gone',
    'builds/resume.js',
    "if (run.phase._tag === 'Waiting')",
    "if (run.actor !== null && run.actor !== run.repository.owner) return [{ ...acc, runs: M.deleteAt(key)(acc.runs) }, []]; if (run.phase._tag === 'Waiting')",
    'T5.36'
  ),
  misreading(
    'every event drops what runs that are over keep too much',
    'builds/index.js',
    'answered(state, event, given), O.map',
    'O.some(O.getOrElse(() => [state, []])(answered(state, event, given))), O.map',
    'fold'
  ),
  misreading(
    'a build without a recipe is one whose provider is gone',
    'builds/runs.js',
    'build.recipe === null\n        ? withoutEffects(state)\n        : step(build, build.recipe, run)',
    "false ? unchanged(state) : step(build, build.recipe ?? { provider: '' }, run)",
    'fold'
  ),
  misreading('a run that was read, and has no builds, is over', 'builds/quota.js', '!M.isEmpty(builds) &&', '', 'fold'),
  misreading(
    'entries of a map are counted before those go that come twice',
    'wire/yaml-fields.js',
    'mapAt(place, u), E.map(firstOfEach)',
    "mapAt(place, u), E.filterOrElse((entries) => entries.length <= max, () => ''), E.map(firstOfEach)",
    'workflow'
  )
]

/** Laws of which no trace and no vector can say anything, and why. */
export const EXEMPT: { readonly [law: string]: string } = {
  'MACHINE-18': 'Which question an event answers is for the host to ask; that a stray answer does nothing shows in every trace.',
  'MACHINE-2': 'A run as it is written down holds no earlier state that could have been changed afterwards.',
  'CANON-5': 'Of a value that was changed as it was written, only the text is seen.',
  'STORE-1': 'Files are the business of the shell.',
  'STORE-2': 'Files are the business of the shell.',
  'STORE-3': 'Files are the business of the shell.',
  'STORE-4': 'Files are the business of the shell.',
  'STORE-5': 'Files are the business of the shell.',
  'STORE-6': 'Files are the business of the shell.',
  'MAP-1': 'A port brings its own maps; that they answer rightly shows in every state.',
  'MAP-2': 'The shape of a tree is not written down.',
  'MAP-3': 'The shape of a tree is not written down.',
  'MAP-4': 'A run as it is written down holds no earlier map that could have been changed afterwards.',
  'MAP-5': 'A port brings its own maps; their written form is that of CODEC-6.',
  'MAP-6': 'It is how the shell writes large states, and shows in no answer of the core.',
  'MAP-7': 'The shape of a tree is not written down.'
}
