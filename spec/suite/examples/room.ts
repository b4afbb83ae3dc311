/** Examples of T6: how much runs keep together. */
import { unitsOf } from '../laws/units.js'
import {
  announce,
  building,
  type Builds,
  cancel,
  comes,
  deadline,
  dropped,
  filesRead,
  ignored,
  KEY,
  name,
  OTHER,
  pendingMs,
  PIPED,
  pipeline,
  publish,
  push,
  pushTimer,
  read,
  refused,
  refuses,
  REPOSITORY,
  retry,
  running,
  shown,
  start,
  trigger,
  workflow
} from './build-world.js'
import { ALICE, at, BOB, type Example, example, type Happening, K1, K2, knotOpened, member, OWNER, put, repo, started, type WrittenReport } from './support.js'

const CAROL = 'did:plc:carol22222222222222222222'

/** What a run counts that is the push of these examples: 1 024, and what its trigger has said. */
const PUSH_UNITS = 1_024 + [push(), REPOSITORY, null, null, null].reduce((sum, part) => sum + unitsOf(part), 0)
/** And a build that never was one for a provider. */
const FAILED_UNITS = 1_024 + unitsOf(null)
const ANNOUNCED_UNITS = unitsOf({ createdUs: 0, workflows: [shown('ci.yml', { engine: 'x' })] }) - unitsOf(null)
const OVER_UNITS = PUSH_UNITS + ANNOUNCED_UNITS + FAILED_UNITS

/** Where no more is kept on a knot, a run of two workflows has room for one that counts 200 besides. */
const HALF = 8 * Math.ceil((PUSH_UNITS + unitsOf({ createdUs: 0, workflows: [shown('a'), shown('b')] }) + 2 * FAILED_UNITS + 200) / 8)

const ANOTHER_ENGINE = 'This spindle builds workflows of engine "tack", and this one names "x".'
const THIRD = '3mbd354rc2222'

const fails = (number: number, when: number, rkey: string): Happening => filesRead([workflow({ engine: 'x' })], when, { number, rkey })

const over = (keepUnits: number): ReadonlyArray<Happening> => [
  ...running({ keepUnits }),
  comes(trigger(), at(20)),
  fails(1, at(21), KEY),
  comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(22), { rkey: OTHER }),
  fails(2, at(23), OTHER)
]

const third: Happening = comes(trigger({ cause: push({ newSha: 'd'.repeat(40) }) }), at(24), { rkey: THIRD })

const failure = (when: number, cause: ReturnType<typeof push>, rkey: string) => [
  announce(when, [shown('ci.yml', { engine: 'x' })], { cause, rkey }),
  publish('failed', when, { build: name('ci.yml', rkey), error: ANOTHER_ENGINE })
]

/** A sixteenth of what runs of which something is owed may keep. */
const SIXTEENTH = 4_096

const repositoryOf = (owner: string) => ({ did: '', name: 'app', owner, rkey: 'app' })

/** A wish for the repository `app` of an account, of which a run counts so much. */
const wish = (owner: string, units = SIXTEENTH, knot = K1) => {
  const cause = (value: string) => ({ _tag: 'Manual' as const, inputs: [['k', value] as [string, string]], ref: null, sha: null })
  const least = 1_024 + [cause(''), repositoryOf(owner), null, null, []].reduce<number>((sum, part) => sum + unitsOf(part), 0)
  return trigger({
    actor: null,
    cause: cause('x'.repeat(units - least)),
    kind: 'pipeline',
    repo: { did: null, knot, name: 'app', owner },
    workflows: []
  })
}

/** Bob and Carol are strangers, Alice is a member, and each has a repository on the first knot. */
const crowd = (builds: Partial<Builds> = {}): ReadonlyArray<Happening> => [
  put(OWNER, 'm', member(), at(1)),
  ...[OWNER, ALICE, BOB, CAROL].map((did) => put(did, 'app', repo(), at(2))),
  put(OWNER, 'else', repo({ knot: K2, name: 'else' }), at(3)),
  put('did:plc:dave', 'app', repo({ knot: K2 }), at(4)),
  put('did:plc:erin', 'app', repo(), at(4)),
  started(at(10), building({ owedUnits: 16 * SIXTEENTH, ...builds })),
  knotOpened(K1, 3, at(11)),
  knotOpened(K2, 4, at(11))
]
const onK1 = (rkey: string) => ({ connection: 3, rkey })

const wished = (owner: string, number: number, rkey: string, knot = K1) =>
  read(number, { knot, repository: repositoryOf(owner), rkey, sha: null, workflows: [] })

export const ROOM_EXAMPLES: ReadonlyArray<Example> = [
  example('T6.9 runs that are over keep as much as they may', {
    given: over(2 * OVER_UNITS),
    when: [comes(trigger(), at(25))],
    then: { effects: [] }
  }),
  example('T6.10 beyond what runs that are over may keep, the oldest statuses go, and their runs with them', {
    given: [...over(2 * OVER_UNITS), third],
    when: [fails(3, at(25), THIRD), comes(trigger(), at(26)), comes(trigger(), at(26), { rkey: OTHER })],
    then: { effects: failure(at(25), push({ newSha: 'd'.repeat(40) }), THIRD), reports: [ignored('before', at(26))] }
  }),
  example('T6.11 where runs that are over may keep nothing, a run goes with what ends it', {
    given: [...running({ keepUnits: 0 }), comes(trigger(), at(20))],
    when: [fails(1, at(21), KEY), comes(trigger(), at(22))],
    then: { effects: failure(at(21), push(), KEY), reports: [ignored('before', at(22))] }
  }),
  example('T6.12 what is owed of a run is no reason to drop statuses', {
    given: [...over(2 * OVER_UNITS), third],
    when: [comes(trigger(), at(25))],
    then: { effects: [] }
  }),
  example('T6.13 the runs for a stranger keep a sixteenth of what is owed; another trigger is refused, and counts once one has ended', {
    given: [...crowd(), comes(wish(BOB), at(20), onK1('a'))],
    when: [
      comes(wish(BOB, 2_048), at(21), onK1('b')),
      cancel(at(22), null, 'a'),
      comes(wish(BOB), at(23), onK1('b')),
      comes(wish(BOB, 2_048), at(24), onK1('c'))
    ],
    then: { effects: [wished(BOB, 2, 'b')], reports: [refused('limit', at(21), 'b'), refused('limit', at(24), 'c')] }
  }),
  example('T6.14 a run that would keep one unit more than there is room for is refused', {
    given: crowd(),
    when: [comes(wish(BOB, SIXTEENTH + 1), at(20), onK1('a')), comes(wish(BOB), at(21), onK1('b'))],
    then: { effects: [wished(BOB, 1, 'b')], reports: [refused('limit', at(20), 'a')] }
  }),
  example('T6.15 the runs for a member keep two sixteenths, on a knot that strangers have filled', {
    given: [...crowd(), comes(wish(BOB), at(20), onK1('a')), comes(wish(CAROL), at(21), onK1('b'))],
    when: [
      comes(wish('did:plc:erin', 2_048), at(22), onK1('c')),
      comes(wish(ALICE), at(23), onK1('d')),
      comes(wish(ALICE), at(24), onK1('e')),
      comes(wish(ALICE, 2_048), at(25), onK1('f'))
    ],
    then: {
      effects: [wished(ALICE, 3, 'd'), wished(ALICE, 4, 'e')],
      reports: [refused('limit', at(22), 'c'), refused('limit', at(25), 'f')]
    }
  }),
  example('T6.16 strangers have room on one knot when they have filled another', {
    given: [...crowd(), comes(wish(BOB), at(20), onK1('a')), comes(wish(CAROL), at(21), onK1('b'))],
    when: [
      comes(wish('did:plc:erin', 2_048), at(22), onK1('c')),
      comes(wish('did:plc:dave', 2_048, K2), at(23), { connection: 4, host: K2, rkey: 'd' })
    ],
    then: { effects: [wished('did:plc:dave', 3, 'd', K2)], reports: [refused('limit', at(22), 'c')] }
  }),
  example('T6.17 of the owner’s runs those of one knot keep half of what is owed, and leave the other half to other knots', {
    given: [...crowd(), comes(wish(OWNER, 8 * SIXTEENTH), at(20), onK1('a'))],
    when: [
      comes(wish(OWNER, 2_048), at(21), onK1('b')),
      comes(
        trigger({ cause: wish(OWNER, 8 * SIXTEENTH - 2).cause, kind: 'pipeline', repo: { did: null, knot: K2, name: 'else', owner: OWNER }, workflows: [] }),
        at(22),
        { connection: 4, host: K2, rkey: 'c' }
      )
    ],
    then: {
      effects: [read(2, { knot: K2, repository: { did: '', name: 'else', owner: OWNER, rkey: 'else' }, rkey: 'c', sha: null, workflows: [] })],
      reports: [refused('limit', at(21), 'b')]
    }
  }),
  example('T6.18 once the owner’s runs keep half of what is owed, strangers wait until some have ended', {
    given: [...crowd(), comes(wish(OWNER, 8 * SIXTEENTH), at(20), onK1('a'))],
    when: [
      comes(wish('did:plc:dave', 2_048, K2), at(21), { connection: 4, host: K2, rkey: 'b' }),
      cancel(at(22), null, 'a'),
      comes(wish('did:plc:dave', 2_048, K2), at(23), { connection: 4, host: K2, rkey: 'b' })
    ],
    then: { effects: [wished('did:plc:dave', 2, 'b', K2)], reports: [{ ...refused('limit', at(21), 'b'), knot: K2 } as WrittenReport] }
  }),
  example('T6.19 workflow files that came along count until they have been read', {
    given: crowd(),
    when: [
      comes({ ...wish(BOB, 2_048), workflows: [{ name: 'ci.yml', text: 'x'.repeat(2_048) }] }, at(20), onK1('a')),
      comes({ ...wish(BOB, 2_048), workflows: [{ name: 'ci.yml', text: 'x'.repeat(1_994) }] }, at(21), onK1('b'))
    ],
    then: {
      effects: [{ ...wished(BOB, 1, 'b'), workflows: [{ name: 'ci.yml', text: 'x'.repeat(1_994) }] }],
      reports: [refused('limit', at(20), 'a')]
    }
  }),
  example('T6.20 a workflow for which the runs of its knot leave no room fails, and one that is smaller is built', {
    given: [...running({ owedUnits: 2 * HALF }), comes(trigger(), at(20))],
    when: [filesRead([workflow({ name: 'a', units: 400 }), workflow({ name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('failed', at(21), {
          build: name('a'),
          error: `There is no room for this workflow: unfinished runs of one knot may keep at most ${String(HALF)} units.`
        }),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(2, pendingMs, name('b')),
        start(3, name('b'))
      ],
      reports: [dropped('limit', at(21), 'a')]
    }
  }),
  example('T6.21 a pipeline for which there is no room leaves the push that waits for it as it was', {
    given: [...running({ owedUnits: 2 * (PUSH_UNITS + 16) }), comes(trigger({ shape: 'named' }), at(20))],
    when: [comes(pipeline({ workflows: [{ name: 'ci.yml', text: 'x'.repeat(100) }] }), at(21), { rkey: PIPED }), pushTimer(1, at(25))],
    then: { effects: [read(2)], reports: [refused('limit', at(21), PIPED)] }
  }),
  example('T6.22 a retry for which there is no room comes to nothing', {
    given: [
      ...running({ owedUnits: 2 * 4_096 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      refuses(3, at(22)),
      comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(23), { rkey: OTHER }),
      comes(trigger({ cause: push({ newSha: 'd'.repeat(40) }) }), at(24), { rkey: THIRD })
    ],
    when: [retry(at(25))],
    then: { changes: [], effects: [] }
  })
]
