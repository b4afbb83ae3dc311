/**
 * A small world to run a bridge against: people, repositories on three knots, and what happens to them, step by step.
 *
 * The script states what happens, in words and in frames, and what the final state must be. The final state was written by hand, from reading the
 * steps: nothing in this file uses the core, so that the core can be checked against it.
 *
 * It is written for a bridge with `admission: members` that either reads admitted accounts from their own servers, or keeps what strangers write. The
 * same seed gives the same world, byte for byte.
 */
import { COLLABORATOR, clampTimeUs, type Did, MEMBER, REPO, type TimeUs } from '../../core/index.js'
import { type KnotEvent, type Operation, pipelineWorkflow, plc, pushEvents, rfc3339, seeded, sha, tid } from './frames.js'
import type { AccountNews, Commit, IdentityNews } from './jetstream-server.js'

// ---------------------------------------------------------------------------------------- model

/** The action of one step. `knot` is an index into the world's knots. */
export type Action =
  | { readonly _tag: 'Commit'; readonly commit: Commit }
  | { readonly _tag: 'Account'; readonly news: AccountNews }
  | { readonly _tag: 'Identity'; readonly news: IdentityNews }
  /** A frame that no sane server would send. */
  | { readonly _tag: 'Raw'; readonly text: string }
  /** The last `count` frames of the stream come again. */
  | { readonly _tag: 'Repeat'; readonly count: number }
  /** The Jetstream server restarts; an older one sends its last `again` events with new timestamps. */
  | { readonly _tag: 'Restart'; readonly again: number }
  /**
   * A knot sends events to clients that are connected or come back with a cursor. Wait first until a bridge that has just subscribed is connected.
   */
  | { readonly _tag: 'Push'; readonly events: ReadonlyArray<{ readonly created: bigint; readonly event: KnotEvent }>; readonly knot: number }
  /** The knot loses all its connections. */
  | { readonly _tag: 'Flap'; readonly knot: number }

export interface Step {
  readonly action: Action
  /** What happens and what should come of it, in plain English, for a viewer. */
  readonly caption: string
}

export interface ExpectedRepo {
  readonly did: Did
  /** The knot in canonical form; `null` if the record names none that a bridge would connect to. */
  readonly knot: string | null
  readonly name: string
  readonly rkey: string
  readonly spindle: string
}

/** A row of one of the other collections. */
export interface ExpectedRow {
  readonly did: Did
  readonly rkey: string
}

export interface ExpectedSubscription {
  /** The cursor of a bridge that has missed nothing, in digits: `created` of the last push or, if the knot shows none, the time in its last key. */
  readonly cursor: string
  /** The records that require the knot, `<did>/<rkey>`. */
  readonly holders: ReadonlyArray<string>
  readonly host: string
}

/** The state after the last step. Lists are in ascending order of the text that identifies their items. */
export interface Expected {
  readonly collaborators: ReadonlyArray<ExpectedRow>
  /** The timestamp of the last frame. */
  readonly cursor: TimeUs
  /** The live records of the collection, whoever wrote them. */
  readonly memberRecords: ReadonlyArray<ExpectedRow>
  /** The members. */
  readonly members: ReadonlyArray<Did>
  readonly repos: ReadonlyArray<ExpectedRepo>
  /** The repos of accounts that are not active. */
  readonly setAside: ReadonlyArray<ExpectedRepo>
  /** The repos of accounts that are not admitted. They are present only if the bridge does not read accounts from their own servers. */
  readonly strangers: ReadonlyArray<ExpectedRepo>
  /** The knots that the bridge listens to. */
  readonly subscriptions: ReadonlyArray<ExpectedSubscription>
}

export interface World {
  /** The bridge is killed before step `from` and started again before step `to`; it has to catch up with the steps in between. */
  readonly away: { readonly from: number; readonly to: number }
  readonly expected: Expected
  /** The names of people in the captions. */
  readonly names: ReadonlyArray<readonly [Did, string]>
  readonly steps: ReadonlyArray<Step>
}

export interface Setting {
  /** The name of the bridge in repositories. */
  readonly hostname: string
  /** The names of at least three knots, in canonical form. The first three are used. */
  readonly knots: ReadonlyArray<string>
  /** Which of them are of the older generation. None by default. */
  readonly older?: ReadonlyArray<string>
  readonly owner: Did
}

// ---------------------------------------------------------------------------------------- writing

/** Every world begins on the first of January 2026: late enough for TIDs of today, early enough never to be in the future. */
export const BEGIN_US = 1_767_225_600_000_000

const byText = <T>(text: (item: T) => string, items: ReadonlyArray<T>): ReadonlyArray<T> =>
  [...items].sort((a, b) => (text(a) < text(b) ? -1 : 1))

const keyOf = ({ did, rkey }: ExpectedRow): string => `${did}/${rkey}`

/** The world of that seed. @throws RangeError if there are fewer than three knots. */
export const world = (seed: number, { hostname, knots, older = [], owner }: Setting): World => {
  const random = seeded(seed)
  const [alice, bob, carol, mallory, eve, dave] = [plc(random), plc(random), plc(random), plc(random), plc(random), plc(random)]
  const [knot1, knot2, knot3] = knots
  if (knot1 === undefined || knot2 === undefined || knot3 === undefined) throw new RangeError('this world needs three knots')
  const steps: Array<Step> = []

  // Time advances by up to two seconds a step. All timestamps come from here.
  let nowUs = BEGIN_US
  const later = (): number => (nowUs += random.between(200_000, 2_000_000))
  const step = (caption: string, action: Action): void => void steps.push({ action, caption })

  // Record keys are TIDs of the time of writing, as Tangled's clients make them.
  const key = (): string => tid(nowUs + random.between(1, 100_000), random.between(0, 1023))
  const put = (collection: string, rkey: string, record: object, operation: 'create' | 'update' = 'create'): Operation => ({
    operation,
    collection,
    rkey,
    record: { $type: collection, ...record, createdAt: rfc3339(nowUs) }
  })
  const drop = (collection: string, rkey: string): Operation => ({ operation: 'delete', collection, rkey })
  const commit = (caption: string, did: Did, ...operations: ReadonlyArray<Operation>): void =>
    step(caption, { _tag: 'Commit', commit: { did, operations, timeUs: later() } })
  const account = (caption: string, did: Did, active: boolean, status?: string): void =>
    step(caption, { _tag: 'Account', news: { active, did, timeUs: later(), ...(status === undefined ? {} : { status }) } })
  const identity = (caption: string, did: Did, handle?: string): void =>
    step(caption, { _tag: 'Identity', news: { did, timeUs: later(), ...(handle === undefined ? {} : { handle }) } })
  const push = (caption: string, knot: number, by: Did): string => {
    const [repo, oldSha, newSha] = [plc(random), sha(random), sha(random)]
    // Beyond 2⁵³, and not a multiple of a thousand: a double would lose digits.
    const created = BigInt(later()) * 1_000n + BigInt(random.between(1, 999))
    const host = knots[knot] ?? ''
    const isOlder = older.includes(host)
    // The knot makes the keys just before the timestamps.
    let keyUs = Number(created / 1_000n) - random.between(30, 100)
    const made = { committerDid: by, newSha, oldSha, ownerDid: by, ref: 'refs/heads/main', repo }
    const events = pushEvents(isOlder ? 1 : 'newest', host, 'any', made, [pipelineWorkflow('ci.yml', '')], () => tid((keyUs += 10)))
    step(caption, { _tag: 'Push', events: events.map((event, i) => ({ created: created + BigInt(i), event })), knot })
    return String(isOlder ? BigInt(keyUs) * 1_000n : created)
  }
  const repo = (name: string, knot: string, spindle = hostname) => ({ name, knot, spindle })
  const member = (subject: Did, instance = hostname) => ({ subject, instance })

  // -------------------------------------------------------------------------------------- the bridge is up

  const site = key()
  commit(
    'the owner registers the repository "site" on knot 1 and names us: we listen to knot 1',
    owner,
    put(REPO, site, repo('site', knot1))
  )
  identity('a stranger changes their handle: nothing to us, but it shows how far the stream has come', mallory, 'mallory.example')
  const aliceIn = key()
  commit('alice becomes a member', owner, put(MEMBER, aliceIn, member(alice)))
  const app = key()
  commit('alice\'s "app" names us on knot 1, which we listen to already', alice, put(REPO, app, repo('app', knot1)))
  const lib = key()
  commit('alice\'s "lib" names us on knot 2: we listen to knot 2', alice, put(REPO, lib, repo('lib', knot2)))
  commit(
    'somebody likes a post: the filter keeps it from us',
    eve,
    put('app.bsky.feed.like', key(), { subject: { uri: 'at://x' } })
  )
  const tool = key()
  commit('bob\'s "tool" names us on knot 3; bob is no member, so nothing comes of it', bob, put(REPO, tool, repo('tool', knot3)))
  const bobIn = key()
  commit('bob becomes a member: his "tool" counts, and we listen to knot 3', owner, put(MEMBER, bobIn, member(bob)))
  push('alice pushes to "app": knot 1 tells us', 0, alice)
  const trap = key()
  commit(
    'mallory names us on a "knot" that is an address of our own machine: refused, and reported',
    mallory,
    put(REPO, trap, repo('trap', '127.0.0.1:22'))
  )
  commit('mallory declares mallory a member: only the owner\'s word counts', mallory, put(MEMBER, key(), member(mallory)))
  const carolIn = key()
  commit(
    'the owner makes carol a member of another spindle: not of ours',
    owner,
    put(MEMBER, carolIn, member(carol, 'other.example'))
  )
  const notes = key()
  commit('carol\'s "notes" names us on knot 2; carol is no member', carol, put(REPO, notes, repo('notes', knot2)))
  const invited = key()
  commit(
    'alice invites carol to "app"',
    alice,
    put(COLLABORATOR, invited, { subject: carol, repo: `at://${alice}/${REPO}/${app}` })
  )
  commit(
    'alice describes "lib": nothing changes for us',
    alice,
    put(REPO, lib, { ...repo('lib', knot2), description: 'a library' }, 'update')
  )
  commit(
    'alice\'s client writes a bad record, a knot that is a number: rejected, "app" stays as it was',
    alice,
    put(REPO, app, { ...repo('app', ''), knot: 7 }, 'update')
  )
  step('a frame arrives torn: rejected, the stream goes on', {
    _tag: 'Raw',
    text: `{"did":"${eve}","time_us":${String(nowUs)},"kind":"com`
  })
  commit(
    'alice registers a repository under the key "__proto__": a key like any other',
    alice,
    put(REPO, '__proto__', repo('proto', knot2))
  )
  const one = key()
  const two = key()
  commit(
    'alice registers "one" and "two" in one commit',
    alice,
    put(REPO, one, repo('one', knot2)),
    put(REPO, two, repo('two', knot3))
  )
  step('the last frame comes twice: once is enough', { _tag: 'Repeat', count: 1 })
  commit('alice moves "lib" from knot 2 to knot 3; others still hold knot 2', alice, put(REPO, lib, repo('lib', knot3), 'update'))
  commit('alice deletes "__proto__"', alice, drop(REPO, '__proto__'))
  commit('alice deletes "one", the last to hold knot 2: we stop listening to knot 2', alice, drop(REPO, one))
  commit(
    'alice writes the name of knot 3 in capitals: the same knot, nothing changes',
    alice,
    put(REPO, two, repo('two', knot3.toUpperCase()), 'update')
  )
  account('the account of eve, a stranger, is deactivated: nothing to us', eve, false, 'deactivated')
  account('bob deactivates his account: "tool" is set aside, alice still holds knot 3', bob, false, 'deactivated')
  step('the last ten frames come again: nothing happens twice', { _tag: 'Repeat', count: 10 })
  const daveIn = key()
  commit('dave becomes a member', owner, put(MEMBER, daveIn, member(dave)))
  const web = key()
  commit('dave\'s "web" names us on knot 2: we listen to knot 2 again', dave, put(REPO, web, repo('web', knot2)))
  push('alice pushes to "lib": knot 3 tells us', 2, alice)

  const from = steps.length

  // -------------------------------------------------------------------------------------- the bridge is down

  account('bob is back: "tool" counts again', bob, true)
  commit('dave is a member no longer: nobody holds knot 2', owner, drop(MEMBER, daveIn))
  commit(
    'the owner corrects the record about carol: carol is a member, and "notes" holds knot 2',
    owner,
    put(MEMBER, carolIn, member(carol), 'update')
  )
  const cli = key()
  commit('alice\'s "cli" names us on knot 2', alice, put(REPO, cli, repo('cli', knot2)))
  identity('a stranger\'s identity changes', eve)
  commit('alice deletes "two"', alice, drop(REPO, two))
  commit('alice renames "app" to "application"', alice, put(REPO, app, repo('application', knot1), 'update'))
  const last1 = push('alice pushes to "application" while nobody listens: knot 1 keeps it for us', 0, alice)
  push('bob pushes to "tool" while nobody listens: knot 3 keeps it for us', 2, bob)
  account('mallory\'s account is deleted: all that mallory wrote is gone', mallory, false, 'deleted')
  commit('alice deletes what never was, under the key "constructor"', alice, drop(REPO, 'constructor'))
  commit('somebody likes a post', eve, put('app.bsky.feed.like', key(), { subject: { uri: 'at://y' } }))

  const to = steps.length

  // -------------------------------------------------------------------------------------- the bridge is back

  account('mallory\'s account is there again, empty', mallory, true)
  step('a commit of mallory\'s from before the deletion turns up: too late', {
    _tag: 'Commit',
    commit: { did: mallory, operations: [put(REPO, trap, repo('trap', knot1), 'update')], rev: tid(BEGIN_US), timeUs: later() }
  })
  const clean = key()
  commit('mallory registers "clean": a stranger\'s, of which nothing comes', mallory, put(REPO, clean, repo('clean', knot1)))
  const bobInAgain = key()
  commit('the owner makes bob a member a second time', owner, put(MEMBER, bobInAgain, member(bob)))
  commit('the owner deletes the first of the two records: bob is a member still', owner, drop(MEMBER, bobIn))
  step('knot 3 loses its connections: we come back, and ask for what we missed', { _tag: 'Flap', knot: 2 })
  const last3 = push('bob pushes to "tool": knot 3 tells us', 2, bob)
  account('carol\'s account is taken down: "notes" is set aside, alice still holds knot 2', carol, false, 'takendown')
  commit(
    'alice\'s "lib" names another spindle: bob still holds knot 3',
    alice,
    put(REPO, lib, repo('lib', knot3, 'other.example'), 'update')
  )
  step('the Jetstream server restarts: we come back five seconds before where we were', { _tag: 'Restart', again: 4 })
  step('a frame claims to be from the year 2100: taken in, but the cursor does not follow it', {
    _tag: 'Raw',
    text: JSON.stringify({ did: eve, time_us: 4_102_444_800_000_000, kind: 'identity', identity: { did: eve } })
  })
  commit('dave deletes "web"', dave, drop(REPO, web))
  const docs = key()
  commit('bob\'s "docs" names no spindle at all', bob, put(REPO, docs, { name: 'docs', knot: knot1 }))
  const last2 = push('alice pushes to "cli": knot 2 tells us', 1, alice)
  identity('alice has a new handle', alice, 'alice.example')
  commit(
    'the owner describes "site", and that is all',
    owner,
    put(REPO, site, { ...repo('site', knot1), description: 'home' }, 'update')
  )

  // -------------------------------------------------------------------------------------- what must have come of it

  const expected: Expected = {
    collaborators: [{ did: alice, rkey: invited }],
    cursor: clampTimeUs(nowUs),
    memberRecords: byText(keyOf, [
      { did: owner, rkey: aliceIn },
      { did: owner, rkey: bobInAgain },
      { did: owner, rkey: carolIn }
    ]),
    // Carol's account is set aside, but the owner's record makes her a member.
    members: byText((did) => did, [alice, bob, carol]),
    repos: byText(keyOf, [
      { did: owner, rkey: site, name: 'site', knot: knot1, spindle: hostname },
      { did: alice, rkey: app, name: 'application', knot: knot1, spindle: hostname },
      { did: alice, rkey: lib, name: 'lib', knot: knot3, spindle: 'other.example' },
      { did: alice, rkey: cli, name: 'cli', knot: knot2, spindle: hostname },
      { did: bob, rkey: tool, name: 'tool', knot: knot3, spindle: hostname },
      { did: bob, rkey: docs, name: 'docs', knot: knot1, spindle: '' }
    ]),
    setAside: [{ did: carol, rkey: notes, name: 'notes', knot: knot2, spindle: hostname }],
    strangers: [{ did: mallory, rkey: clean, name: 'clean', knot: knot1, spindle: hostname }],
    subscriptions: byText(({ host }) => host, [
      { cursor: last1, holders: byText((holder) => holder, [`${owner}/${site}`, `${alice}/${app}`]), host: knot1 },
      { cursor: last2, holders: [`${alice}/${cli}`], host: knot2 },
      { cursor: last3, holders: [`${bob}/${tool}`], host: knot3 }
    ])
  }

  return {
    away: { from, to },
    expected,
    names: [
      [owner, 'the owner'],
      [alice, 'alice'],
      [bob, 'bob'],
      [carol, 'carol'],
      [dave, 'dave'],
      [mallory, 'mallory'],
      [eve, 'eve']
    ],
    steps
  }
}
