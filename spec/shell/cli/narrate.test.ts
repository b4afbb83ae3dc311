/** What `tack run` logs of what happens: each line with its level, its fields, and whether strangers may cause any number of it. */
import { expect, test } from 'vitest'
import { type BuildName, tidOf } from '../../../core/index.js'
import { narrate } from '../../../shell/cli/narrate.js'
import type { Fields, Log } from '../../../shell/ports.js'
import { createWorld, KNOT, OWNER, PROVIDER, type World } from '../inbound/support.js'
import { manualClock } from '../support/bridge.js'

type Line = readonly [level: string, message: string, fields: Fields]

/** What is logged while `act` acts. Levels that begin with `limited` are those of the log that leaves lines out. */
const told = (act: (world: World, clock: ReturnType<typeof manualClock>) => void): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  const to = (name: string): Log => {
    const say = (level: string) => (message: string, fields: Fields = {}) => void lines.push([`${name}${level}`, message, fields])
    return { debug: say('debug'), error: say('error'), info: say('info'), warn: say('warn') }
  }
  const clock = manualClock()
  const world = createWorld({ clock })
  world.watch({ close: () => Promise.resolve(), observe: narrate(to(''), to('limited ')), port: 0 })
  world.openStream()
  world.publishRepo()
  world.openKnot()
  lines.length = 0
  act(world, clock)
  return lines
}

const rkey = tidOf(manualClock().now())
const ofBuild = { knot: KNOT, rkey, workflow: 'ci.yml' }
const pushed = (world: World): BuildName => {
  const [build] = world.push()
  if (build === undefined) throw new Error('no build')
  return build
}

test('a push is logged from its arrival to its end', () => {
  const lines = told((world) => {
    const build = pushed(world)
    world.accept(build, 'n1')
    world.report(build, 'n1', 'failed', { error: 'It broke.' })
  })
  expect(lines).toEqual([
    ['debug', 'knot event', { created: '1767225600000001000', event: 'KnotReceived', knot: KNOT, nsid: 'sh.tangled.git.refUpdate', rkey }],
    ['limited info', 'reading workflow files of a trigger', { event: 'ReadWorkflows', knot: KNOT, owner: OWNER, repo: 'app', rkey, sha: '1'.padStart(8, '0').padEnd(40, 'b') }],
    ['debug', 'announcing run', { event: 'PublishPipeline', knot: KNOT, rkey, workflows: ['ci.yml'] }],
    ['info', 'build status changed', { error: null, event: 'PublishStatus', status: 'pending', ...ofBuild }],
    ['info', 'starting build', { event: 'StartBuild', pipeline: 'main', provider: PROVIDER, ...ofBuild }],
    ['info', 'build status changed', { error: 'It broke.', event: 'PublishStatus', status: 'failed', ...ofBuild }]
  ])
})

test.each<[string, Parameters<typeof told>[0], ReadonlyArray<Line>]>([
  [
    'a build that is cancelled',
    (world) => {
      world.accept(pushed(world), 'n1')
      world.apply({ _tag: 'CancelRequested', at: world.clock.now(), knot: KNOT, rkey, workflow: null })
    },
    [['info', 'cancelling build', { event: 'CancelBuild', provider: PROVIDER, ...ofBuild }]]
  ],
  [
    'a build that was being started when the bridge ended',
    (world) => {
      pushed(world)
      world.openStream()
    },
    [['info', 'looking up build', { event: 'FindBuild', provider: PROVIDER, ...ofBuild }]]
  ],
  [
    'a workflow that nobody starts',
    (world) => void world.push({ faulty: { 'ci.yml': 'no' }, workflows: [] }),
    [['limited info', 'build status changed', { error: 'no', event: 'PublishStatus', status: 'failed', ...ofBuild }]]
  ],
  [
    'a file that cannot be read',
    (world) => {
      const { number } = world.pushUnread()
      world.apply({ _tag: 'RequestFailed', at: world.clock.now(), error: 'no answer', isFinal: false, number, requested: { _tag: 'Workflows', knot: KNOT, rkey }, waitMs: 0 })
    },
    [['limited info', 'workflow files could not be read', { error: 'no answer', event: 'RequestFailed', knot: KNOT, rkey }]]
  ],
  [
    'a record that is deleted, with the knot that nobody has any more,',
    (world, clock) => {
      clock.advance(1)
      world.retractRepo()
    },
    [
      ['debug', 'record deleted', { collection: 'sh.tangled.repo', did: OWNER, event: 'CommitReceived', rev: null, rkey: 'repo1', timeUs: 1_767_225_600_001_000 }],
      ['limited info', 'unsubscribing from knot', { event: 'UnsubscribeKnot', knot: KNOT }]
    ]
  ],
  [
    'a stream that is opened, with a knot of which many have a repository,',
    (world) => {
      for (let n = 2; n <= 7; n++) world.publishRepo({ name: `app${String(n)}` })
      world.openStream()
      const at = world.clock.now()
      const { number: connection } = world.state().cursor.connection
      world.apply({ _tag: 'AccountReceived', active: false, at, changedUs: null, connection, did: OWNER, ordinal: null, seq: null, status: 'deactivated', timeUs: at })
    },
    [
      ['info', 'connecting to the stream', { connection: 2, cursor: 1_767_225_595_000_000, event: 'OpenJetstream', ordinal: null }],
      ['info', 'stream connected', { connection: 2, event: 'JetstreamOpened' }],
      ['debug', 'reading account records', { collection: 'sh.tangled.spindle.member', did: OWNER, event: 'ReadRecords' }],
      ['limited info', 'subscribing to knot', { cursor: null, event: 'SubscribeKnot', heldBy: [1, 2, 3, 4, 5].map((n) => `${OWNER}/repo${String(n)}`), knot: KNOT }],
      ['debug', 'account changed', { active: false, did: OWNER, event: 'AccountReceived', status: 'deactivated', timeUs: 1_767_225_600_000_000 }]
    ]
  ]
])('%s is logged as it is', (_, act, expected) => {
  const lines = told(act)
  for (const line of expected) expect(lines).toContainEqual(line)
})

test('a knot that is lost and found again is connected once more, and not subscribed to', () => {
  const lines = told((world) => {
    world.apply({ _tag: 'KnotClosed', at: world.clock.now(), connection: world.connection(KNOT), host: KNOT })
    world.apply({ _tag: 'TimerFired', at: world.clock.now(), timer: { _tag: 'KnotTimer', connection: world.connection(KNOT), host: KNOT } })
    world.openKnot()
  })
  expect(lines).toEqual([['limited info', 'knot connected', { connection: 2, event: 'KnotOpened', knot: KNOT }]])
})
