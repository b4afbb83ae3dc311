/**
 * Stores that an earlier version left behind, each in a folder of `fixtures`: as that version wrote it, with `frames.jsonl`, which is what the knots
 * had sent until then. The claim: it opens, what was under way is taken up and comes to its end, and nothing is started twice, whatever
 * the knots send again.
 */
import { readdir, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { type BuildName, type Builds, defaults, type Effect, type Event, HostName, isFinal, OrderedMap as M, pipelineAt, type Plan, rfc3339, type State, step, tidOf, TimeUs } from '../../../core/index.js'
import { MIGRATIONS } from '../../../shell/store/migrations.js'
import { openStore, type Store } from '../../../shell/store/index.js'
import { workflow } from '../../suite/examples/build-world.js'
import { ALICE, at, BOB, CONFIG, eventOf, initialOf, K1, K2, knotFrame, must, OWNER, rev, started, type WrittenConfig, type WrittenEvent } from '../../suite/examples/support.js'
import { unitsOfRun } from '../../suite/laws/units.js'
import { type Image, simulatedDisk } from '../support/disk.js'

/** The configuration under which the stores were written, all but one. */
const MEMBERS: WrittenConfig = {
  ...CONFIG,
  admission: 'members',
  backfill: true,
  builds: { ...CONFIG.builds, allow: [{ pipelines: '*', provider: 'ci', repos: `${ALICE}/*` }], providers: ['ci', 'local'] }
}

/** The end of each store lies before this second. */
const UPGRADE = 120

const fixture = (name: string): URL => new URL(`../fixtures/${name}/`, import.meta.url)

const isFrames = (name: string): boolean => name === 'frames.jsonl'

const imageOf = async (name: string): Promise<Image> => {
  const names = (await readdir(fixture(name))).filter((file) => !isFrames(file))
  return new Map(await Promise.all(names.map(async (file) => [file, await readFile(new URL(file, fixture(name)))] as const)))
}

interface Frame {
  readonly host: string
  readonly text: string
}

const framesOf = async (name: string): Promise<ReadonlyArray<Frame>> =>
  (await readFile(new URL('frames.jsonl', fixture(name)), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Frame)

const openOn = async (image: Image): Promise<Store> => {
  const disk = simulatedDisk({ from: image, seed: 1 })
  const processes = { isGone: () => Promise.resolve(true), self: () => Promise.resolve({ hostname: 'host', pid: 1, startedAt: null }) }
  const opened = await openStore({ disk, folder: '/store', initial: () => initialOf(CONFIG), processes })()
  return E.isRight(opened) ? opened.right : expect.fail(`${opened.left.path}: ${opened.left.message}`)
}

const stateOf = async (name: string): Promise<State> => (await openOn(await imageOf(name))).state

const shortOf = (name: BuildName): string => `${name.knot}/${name.rkey} ${name.workflow}`

const phaseOf = ({ phase }: Pick<Builds.Build | Builds.Run, 'phase'>): string =>
  'request' in phase && phase.request.phase === 'Pausing' ? `${phase._tag}, pausing` : phase._tag

/** What is under way in a state, and what came of the rest, a line for each run. */
const outline = (state: State): ReadonlyArray<string> =>
  M.toEntries(state.builds.runs).map(([key, run]) =>
    [key, phaseOf(run), ...M.toEntries(run.builds).map(([workflow, build]) => `${workflow}:${phaseOf(build)}/${build.status}`)].join(' ')
  )

// ---------------------------------------------------------------------------------------- a world that answers

interface World {
  /** Whether the provider has a build that we are not sure to have started. */
  readonly hasUnsure: boolean
  readonly asked: Array<Effect>
  /** How often the provider was asked to start each build. */
  readonly starts: Map<string, number>
  /** The keys of the triggers whose files were asked for. */
  readonly reads: Array<string>
  us: number
}

const worldWith = (hasUnsure: boolean): World => ({ asked: [], hasUnsure, reads: [], starts: new Map(), us: at(UPGRADE) })

const answersTo = (effect: Effect, world: World): ReadonlyArray<WrittenEvent> => {
  const now = (): TimeUs => must(TimeUs.decode((world.us += 1_000)))
  switch (effect._tag) {
    case 'OpenJetstream':
      return [{ _tag: 'JetstreamOpened', at: now(), connection: effect.connection }]
    case 'SubscribeKnot':
      return [{ _tag: 'KnotOpened', at: now(), connection: effect.connection, host: effect.host }]
    case 'ReadWorkflows':
      world.reads.push(effect.rkey)
      return [
        { _tag: 'WorkflowsRead', at: now(), defaultBranch: 'main', knot: effect.knot, number: effect.number, rkey: effect.rkey, sources: null, unkept: [], workflows: [workflow()] }
      ]
    case 'StartBuild': {
      const name = shortOf(effect.build)
      world.starts.set(name, (world.starts.get(name) ?? 0) + 1)
      return [{ _tag: 'BuildAccepted', at: now(), build: effect.build, external: 'new', number: effect.number }]
    }
    case 'FindBuild':
      return world.hasUnsure || world.starts.has(shortOf(effect.build))
        ? [{ _tag: 'BuildAccepted', at: now(), build: effect.build, external: 'old', number: effect.number }]
        : [{ _tag: 'BuildMissing', at: now(), build: effect.build, number: effect.number, settleMs: 0 }]
    case 'FollowBuild':
      return [
        { _tag: 'BuildReported', at: now(), build: effect.build, error: null, exitCode: null, external: effect.external, provider: 'ci', status: 'success' }
      ]
    case 'CancelBuild':
      return [{ _tag: 'CancelAcknowledged', at: now(), build: effect.build, number: effect.number }]
    case 'WakeAfter':
      return effect.timer._tag === 'DeadlineTimer' ? [] : [{ _tag: 'TimerFired', at: now(), timer: effect.timer }]
    default:
      return []
  }
}

/** The state after the events and all that the world answers, until nothing is owed. */
const playedIn = (world: World, from: State, events: ReadonlyArray<Event>): State => {
  let state = from
  const queue = [...events]
  for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
    const [next, effects] = step(state, event)
    state = next
    world.asked.push(...effects)
    queue.push(...effects.flatMap((effect) => answersTo(effect, world)).map(eventOf))
    if (world.asked.length > 10_000) expect.fail('it never ends')
  }
  return state
}

/** What the knots have sent comes again, over the connections that there are now. */
const againFrom = (state: State, world: World, frames: ReadonlyArray<Frame>): ReadonlyArray<Event> =>
  frames.map(({ host, text }) => {
    const connection = M.toEntries(state.knots.subscriptions).find(([knot]) => knot === host)?.[1].connection.number ?? 0
    return eventOf(knotFrame(host, text, (world.us += 1_000), connection))
  })

interface PushEvent {
  readonly newSha: string
  readonly oldSha: string
  readonly ownerDid?: string
  readonly ref: string
  readonly repo?: string
  readonly repoDid?: string
  readonly repoName?: string
}

const pipelineOf = (host: string, { newSha, oldSha, ownerDid, ref, repoDid, repoName }: PushEvent, rkey: string): Frame => {
  const triggerMetadata = { kind: 'push', push: { newSha, oldSha, ref }, repo: { defaultBranch: '', did: ownerDid ?? repoDid, knot: host, repo: repoName } }
  const raw = 'engine: tack\ntack:\n  ci:\n    pipeline: app\n'
  const workflows = [{ clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name: 'ci.yml', raw }]
  return { host, text: JSON.stringify({ event: { triggerMetadata, workflows }, nsid: 'sh.tangled.pipeline', rkey }) }
}

const refUpdateOf = (host: string, event: PushEvent, rkey: string): Frame => ({
  host,
  text: JSON.stringify({ event: { ...event, committerDid: OWNER }, nsid: 'sh.tangled.git.refUpdate', rkey })
})

interface KnotMessage {
  readonly event: PushEvent & { readonly triggerMetadata?: { readonly push?: PushEvent } }
  readonly nsid: string
  readonly rkey: string
}

const messageIn = ({ text }: Frame): KnotMessage => JSON.parse(text) as KnotMessage

/** The pipeline that tells of the same push as a refUpdate of that generation, under another key, unless the knot has sent one. */
const counterpartOf =
  (frames: ReadonlyArray<Frame>) =>
  (frame: Frame): ReadonlyArray<Frame> => {
    const { event, nsid, rkey } = messageIn(frame)
    if (nsid !== 'sh.tangled.git.refUpdate' || event.repo !== undefined) return []
    const isTold = frames.some((other) => other.host === frame.host && messageIn(other).event.triggerMetadata?.push?.newSha === event.newSha)
    return isTold ? [] : [pipelineOf(frame.host, event, `${rkey.slice(0, -1)}3`)]
  }

// ---------------------------------------------------------------------------------------- the stores

interface Story {
  /** What is under way, and what has ended, a run a line. */
  readonly runs: ReadonlyArray<string>
  /** The builds that may have been started. */
  readonly unsure: ReadonlyArray<string>
  /** The triggers whose files were being read. */
  readonly unread: ReadonlyArray<string>
}

const UNREAD = ['knot1.example/3mbd36pkig222', 'knot1.example/3mbd37cmto222', 'knot2.example/3mbd36qiyy222', 'knot3.example/3mbd36sg24222']
const UNSURE = [
  'knot1.example/3mbd36x6mw222',
  'knot1.example/3mbd36y55i222',
  'knot1.example/3mbd37idx2222',
  'knot2.example/3mbd362l42222',
  'knot2.example/3mbd37dlea222',
  'knot3.example/3mbd366f6c222',
  'knot3.example/3mbd37fife222'
]

const STORIES: { readonly [store: string]: Story } = {
  // Every kind of trigger began a run: refUpdates in their three shapes, pipelines of a push, of a pull request, and by hand, and retries. There
  // is one in each phase, and the journal goes on from there.
  'store-v2': {
    runs: [
      'knot1.example/3mbd35p4vc222 Read ci.yml:Settled/success',
      'knot1.example/3mbd35swxk222 Read ci.yml:Settled/success',
      'knot1.example/3mbd36pkig222 Reading',
      'knot1.example/3mbd36teko222 Read bad.yml:Settled/failed ci.yml:Settled/failed',
      'knot1.example/3mbd36x6mw222 Read ci.yml:Starting/pending',
      'knot1.example/3mbd36y55i222 Read ci.yml:Starting/pending',
      'knot1.example/3mbd37cmto222 Reading',
      'knot1.example/3mbd37idx2222 Read ci.yml:Starting/pending',
      'knot2.example/3mbd35yo2w222 Read ci.yml:Following/pending',
      'knot2.example/3mbd362l42222 Read ci.yml:Finding/pending',
      'knot2.example/3mbd36qiyy222 Reading, pausing',
      'knot2.example/3mbd37dlea222 Read ci.yml:Starting/pending',
      'knot3.example/3mbd366f6c222 Read ci.yml:Finding/pending',
      'knot3.example/3mbd36c7ak222 Read ci.yml:Following/running',
      'knot3.example/3mbd36fzcs222 Read ci.yml:Cancelling/cancelled',
      'knot3.example/3mbd36jtf2222 Read ci.yml:Cancelling, pausing/cancelled',
      'knot3.example/3mbd36sg24222 Reading',
      'knot3.example/3mbd37fife222 Read ci.yml:Finding, pausing/pending'
    ],
    unread: UNREAD,
    unsure: UNSURE
  },
  // The same, all of it in the journal, with a restart in the middle.
  'store-v2-journal': {
    runs: [
      'knot1.example/3mbd35p4vc222 Read ci.yml:Settled/success',
      'knot1.example/3mbd35swxk222 Read ci.yml:Settled/success',
      'knot1.example/3mbd36pkig222 Reading',
      'knot1.example/3mbd36teko222 Read bad.yml:Settled/failed ci.yml:Settled/failed',
      'knot1.example/3mbd36x6mw222 Read ci.yml:Finding/pending',
      'knot1.example/3mbd36y55i222 Read ci.yml:Finding/pending',
      'knot1.example/3mbd37cmto222 Reading',
      'knot1.example/3mbd37idx2222 Read ci.yml:Starting/pending',
      'knot2.example/3mbd35yo2w222 Read ci.yml:Following/pending',
      'knot2.example/3mbd362l42222 Read ci.yml:Finding/pending',
      'knot2.example/3mbd36qiyy222 Reading',
      'knot2.example/3mbd37dlea222 Read ci.yml:Starting/pending',
      'knot3.example/3mbd366f6c222 Read ci.yml:Finding/pending',
      'knot3.example/3mbd36c7ak222 Read ci.yml:Following/running',
      'knot3.example/3mbd36fzcs222 Read ci.yml:Cancelling/cancelled',
      'knot3.example/3mbd36jtf2222 Read ci.yml:Cancelling/cancelled',
      'knot3.example/3mbd36sg24222 Reading',
      'knot3.example/3mbd37fife222 Read ci.yml:Finding, pausing/pending'
    ],
    unread: UNREAD,
    unsure: UNSURE
  },
  // A knot sent both kinds for each push: first a pipeline was acted on, then refUpdates, and pipelines of pushes counted no more.
  'store-v2-both': {
    runs: [
      'knot2.example/3mbd35p4vc222 Read ci.yml:Settled/success',
      'knot2.example/3mbd35tvi4222 Read ci.yml:Following/pending',
      'knot2.example/3mbd35xpke222 Reading'
    ],
    unread: ['knot2.example/3mbd35xpke222'],
    unsure: []
  },
  // Four statuses were kept, so that builds are forgotten; then it was stopped.
  'store-v2-stopped': {
    runs: ['knot1.example/3mbd35yo2w222 Read ci.yml:Settled/success', 'knot1.example/3mbd365gnq222 Read ci.yml:Following/running'],
    unread: [],
    unsure: []
  }
}

/** Of version 3. Runs of several workflows, one of which was repeated; with inputs; and one for which no workflow was understood. */
const STORY_3: Story = {
  runs: [
    'knot1.example/3mbd35iovik22 Read a.yml:Settled/success b.yml:Settled/failed',
    'knot1.example/3mbd35ktkr222 Read b.yml:Following/running',
    'knot1.example/3mbd35mbdm222 Read bad.yml:Settled/failed',
    'knot1.example/3mbd35nhick22 Read ci.yml:Starting/pending',
    'knot1.example/3mbd35onmz222 Reading',
    'knot2.example/3mbd35pm5l222 Read ci.yml:Finding, pausing/pending more.yml:Following/pending',
    'knot2.example/3mbd35rbkkk22 Reading',
    'knot2.example/3mbd35t6lok22 Reading, pausing',
    'knot3.example/3mbd35ueqf222 Read ci.yml:Cancelling/cancelled',
    'knot3.example/3mbd35wynwk22 Read ci.yml:Cancelling, pausing/cancelled other.yml:Settled/failed'
  ],
  unread: ['knot1.example/3mbd35onmz222', 'knot2.example/3mbd35rbkkk22', 'knot2.example/3mbd35t6lok22'],
  unsure: ['knot1.example/3mbd35nhick22', 'knot2.example/3mbd35pm5l222']
}

/**
 * Of version 4. It went on from the one of version 3, and was stopped: a push waits for its pipeline, a knot that told of one is held by nobody
 * any more, one member's records could not be read, and another's are being read.
 */
const STORY_4: Story = {
  runs: [
    'knot1.example/3mbd35iovik22 Read a.yml:Settled/success b.yml:Settled/failed',
    'knot1.example/3mbd35ktkr222 Read b.yml:Following/running',
    'knot1.example/3mbd35mbdm222 Read bad.yml:Settled/failed',
    'knot1.example/3mbd35nhick22 Read ci.yml:Starting/pending',
    'knot1.example/3mbd35onmz222 Reading',
    'knot1.example/3mbd36z3o2222 Reading',
    'knot2.example/3mbd35pm5l222 Read ci.yml:Finding, pausing/pending more.yml:Following/pending',
    'knot2.example/3mbd35rbkkk22 Reading, pausing',
    'knot2.example/3mbd35t6lok22 Reading',
    'knot3.example/3mbd35ueqf222 Read ci.yml:Cancelling/cancelled',
    'knot3.example/3mbd35wynwk22 Read ci.yml:Cancelling, pausing/cancelled other.yml:Settled/failed',
    'knot3.example/3mbd36y55i222 Waiting'
  ],
  unread: [
    'knot1.example/3mbd35onmz222',
    'knot1.example/3mbd36z3o2222',
    'knot2.example/3mbd35rbkkk22',
    'knot2.example/3mbd35t6lok22',
    'knot3.example/3mbd36y55i222'
  ],
  unsure: ['knot1.example/3mbd35nhick22', 'knot2.example/3mbd35pm5l222']
}

/**
 * Of version 5. It went on from the one of version 4, asked knots who may push, and was stopped: somebody had the repository built by hand, a
 * build is running, and of those before one was found, and one is not there yet.
 */
const STORY_5: Story = {
  runs: [
    'knot1.example/3mbd35iovik22 Read a.yml:Settled/success b.yml:Settled/failed',
    'knot1.example/3mbd35ktkr222 Read b.yml:Settled/success',
    'knot1.example/3mbd35mbdm222 Read bad.yml:Settled/failed',
    'knot1.example/3mbd35nhick22 Read ci.yml:Following/pending',
    'knot1.example/3mbd35onmz222 Read ci.yml:Starting/pending',
    'knot1.example/3mbd36z3o2222 Reading',
    'knot1.example/3mbd37idxzc22 Reading',
    'knot1.example/3mbd37n4ju222 Read ci.yml:Following/running',
    'knot2.example/3mbd35pm5l222 Read ci.yml:Finding, pausing/pending more.yml:Following/pending',
    'knot2.example/3mbd35rbkkk22 Reading, pausing',
    'knot2.example/3mbd35t6lok22 Reading',
    'knot3.example/3mbd35ueqf222 Read ci.yml:Settled/cancelled',
    'knot3.example/3mbd35wynwk22 Read ci.yml:Cancelling/cancelled other.yml:Settled/failed',
    'knot3.example/3mbd36y55i222 Waiting'
  ],
  unread: [
    'knot1.example/3mbd36z3o2222',
    'knot1.example/3mbd37idxzc22',
    'knot2.example/3mbd35rbkkk22',
    'knot2.example/3mbd35t6lok22',
    'knot3.example/3mbd36y55i222'
  ],
  unsure: ['knot1.example/3mbd35onmz222', 'knot2.example/3mbd35pm5l222']
}

/** Of version 6. It went on from the one of version 5, where it had stopped, and heard of one more repository who may push. */
const STORY_6: Story = STORY_5

/**
 * Of version 7. It went on from the one of version 6, started, and heard of two accounts: one was deactivated and came back, which its server told
 * without a time; the other was deleted, and has written since.
 */
const STORY_7: Story = {
  ...STORY_6,
  runs: STORY_6.runs.map((line) => line.replace('Starting', 'Finding').replace(', pausing', ''))
}

const LATER: { readonly [store: string]: Story } = {
  'store-v3': STORY_3,
  'store-v4': STORY_4,
  'store-v5': STORY_5,
  'store-v6': STORY_6,
  'store-v7': STORY_7
}
const NAMES = [...Object.keys(STORIES), ...Object.keys(LATER)]
const storyOf = (name: string): Story => STORIES[name] ?? LATER[name] ?? expect.fail(name)
const ofRuns = (keys: ReadonlyArray<string>): ReadonlyArray<string> => keys.map((key) => `${key} ci.yml`).sort()

describe.each(NAMES)('%s', (name) => {
  const story = storyOf(name)

  it('opens: every run is there, in its phase', async () => {
    expect(outline(await stateOf(name))).toEqual(story.runs)
  })

  it.each([
    ['has what may have been started', true],
    ['has none of it', false]
  ])('finishes everything under way, and starts nothing twice, if the provider %s', async (_, hasUnsure) => {
    const world = worldWith(hasUnsure)
    const ended = playedIn(world, await stateOf(name), [eventOf(started(world.us, MEMBERS))])
    expect([...M.keys(ended.builds.runs)]).toEqual(story.runs.map((line) => line.split(' ')[0]))
    for (const [, run] of M.toEntries(ended.builds.runs)) {
      expect(run.phase._tag).toBe('Read')
      expect(M.isEmpty(run.builds)).toBe(false)
      for (const [, build] of M.toEntries(run.builds)) expect([build.phase._tag, isFinal(build.status)]).toEqual(['Settled', true])
    }
    expect([...world.starts.keys()].sort()).toEqual(ofRuns(hasUnsure ? story.unread : [...story.unread, ...story.unsure]))
    expect([...world.starts.values()].every((times) => times === 1)).toBe(true)
    expect([...world.reads].sort()).toEqual(story.unread.map((key) => key.split('/')[1]).sort())
  })

  it('announces what begins now before its first status, once, and nothing that had begun', async () => {
    const world = worldWith(true)
    playedIn(world, await stateOf(name), [eventOf(started(world.us, MEMBERS))])
    const told = world.asked.flatMap((effect) =>
      effect._tag === 'PublishPipeline'
        ? [`${effect.entry.knot}/${effect.entry.rkey}`]
        : effect._tag === 'PublishStatus' && effect.entry.status === 'pending'
          ? [`${effect.entry.build.knot}/${effect.entry.build.rkey} is pending`]
          : []
    )
    expect([...told].sort()).toEqual(story.unread.flatMap((key) => [key, `${key} is pending`]).sort())
    for (const key of story.unread) expect(told.indexOf(key)).toBeLessThan(told.indexOf(`${key} is pending`))
  })

  it('has a pipeline of each run that has come to builds, older than its statuses, which says since when they run', async () => {
    const state = await stateOf(name)
    const statuses = M.toEntries(state.builds.log).map(([, entry]) => entry)
    const stamps = statuses.map(({ createdUs }) => createdUs)
    for (const [key, run] of M.toEntries(state.builds.runs)) {
      if (M.isEmpty(run.builds)) continue
      const announcedUs = run.announced?.createdUs ?? expect.fail(`${key} has no name`)
      expect(stamps).not.toContain(announcedUs)
      const view = pipelineAt(tidOf(announcedUs))(state)
      expect(view?.workflows.map(({ id }) => id)).toEqual(M.keys(run.builds))
      const its = statuses.filter(({ build: { knot, rkey } }) => `${knot}/${rkey}` === key)
      expect(its.every(({ createdUs }) => createdUs > announcedUs)).toBe(true)
      for (const { build, createdUs, status } of its)
        if (status === 'running') expect(view?.workflows.find(({ id }) => id === build.workflow)?.startedAt).toBe(rfc3339(createdUs))
    }
  })

  it('ignores what the knots repeat, in either way; the next push of each is built, once', async () => {
    const world = worldWith(true)
    const ended = playedIn(world, await stateOf(name), [eventOf(started(world.us, MEMBERS))])
    const frames = await framesOf(name)
    const told = [...frames, ...frames.flatMap(counterpartOf(frames))]
    world.reads.length = 0
    const again = playedIn(world, ended, againFrom(ended, world, [...told, ...told]))
    expect(world.reads).toEqual([])
    expect(outline(again)).toEqual(outline(ended))

    const next = { newSha: 'f'.repeat(40), oldSha: 'e'.repeat(40), ref: 'refs/heads/next' }
    const lib = { ...next, ownerDid: OWNER, repoDid: 'did:plc:lib22222222222222222222', repoName: 'lib' }
    const both = [refUpdateOf(K2, lib, rev(at(UPGRADE + 2))), pipelineOf(K2, lib, rev(at(UPGRADE + 2), 1))]
    const after = playedIn(
      world,
      again,
      againFrom(again, world, [
        refUpdateOf(K1, { ...next, repo: 'did:plc:app22222222222222222222' }, rev(at(UPGRADE + 1))),
        ...both,
        pipelineOf('knot3.example', { ...next, repoDid: ALICE, repoName: 'tool' }, rev(at(UPGRADE + 3))),
        ...both
      ])
    )
    expect(world.reads).toHaveLength(3)
    expect(M.size(after.builds.runs)).toBe(M.size(ended.builds.runs) + 3)
  })
})

it('who was denied a repository in a store of number 5 was not told whether its knot keeps lists', () => {
  const entryWith = (access: object | null) => ['access', 'knot1.example/did:plc:app', { access, asOfUs: 7, isOutdated: false }]
  const others = [entryWith({ _tag: 'ByRecords' }), entryWith(null), ['tokens', 'Denied', 8]]
  const document = { accounts: [], growing: [entryWith({ _tag: 'Denied', detail: 'why' }), ...others], head: {}, runs: [], statuses: [] }
  expect(MIGRATIONS[5]?.(document)).toEqual({ ...document, growing: [entryWith({ _tag: 'Denied', detail: 'why', keepsLists: false }), ...others] })
})

describe('a journal of number 2', () => {
  /** The state after that event, which happened last. */
  const stateAfterward = async (event: object): Promise<State> => {
    const image = await imageOf('store-v2-journal')
    const [path] = [...image.keys()].filter((file) => file.startsWith('journal'))
    const journal = image.get(path ?? '') ?? expect.fail('no journal')
    const seq = journal.toString().trim().split('\n').length + 1
    const line = `{"seq":${String(seq)},"events":${JSON.stringify([event])}`
    const crc = crc32(line).toString(16).padStart(8, '0')
    return (await openOn(new Map([...image, [path ?? '', Buffer.concat([journal, Buffer.from(`${line},"crc":"${crc}"}\n`)])]]))).state
  }

  it.each([
    ['text: why it could not be read', 'ref is not text', 1],
    ['null: it was about something else', null, 0]
  ])('has frames whose trigger is %s', async (_, trigger, rejected) => {
    const { knots } = await stateOf('store-v2-journal')
    const host = must(HostName.decode('knot1.example'))
    const subscription = M.lookup(host)(knots.subscriptions)
    if (subscription._tag === 'None') expect.fail('no subscription')
    const { number } = subscription.value.connection
    const created = `${String(at(UPGRADE))}000`
    const frame = { _tag: 'KnotReceived', at: at(UPGRADE), connection: number, created, host, nsid: 'sh.tangled.git.refUpdate', rkey: 'self', trigger }
    const after = await stateAfterward(frame)
    expect(after.counters.recent.filter(({ _tag }) => _tag === 'KnotFrameRejected')).toHaveLength(rejected)
    expect(M.toEntries(after.knots.subscriptions).map(([, { cursor }]) => cursor)).toContain(created)
  })

  it('has workflow files without their content, and without meaningless keys', async () => {
    const [, run] = M.toEntries((await stateOf('store-v2-journal')).builds.runs).find(([key]) => key === 'knot1.example/3mbd36pkig222') ?? expect.fail('no run')
    const { phase } = run
    if (phase._tag !== 'Reading') expect.fail(phase._tag)
    const conditions = [{ branch: ['main'], event: ['push'], paths: null, tag: [], types: null }]
    const former = Object.fromEntries(Object.entries(workflow()).filter(([field]) => field !== 'content'))
    const event = {
      _tag: 'WorkflowsRead',
      at: at(UPGRADE),
      defaultBranch: 'main',
      knot: 'knot1.example',
      number: phase.request.number,
      rkey: '3mbd36pkig222',
      workflows: [
        { _tag: 'Faulty', error: 'line 1 is not UTF-8', name: 'a.yml' },
        { ...former, name: 'b.yml', when: conditions },
        { ...former, name: 'c.yml', when: conditions.map((condition) => ({ ...condition, branch: ['other'] })) }
      ]
    }
    expect(outline(await stateAfterward(event)).filter((one) => one.includes('3mbd36pkig222'))).toEqual([
      'knot1.example/3mbd36pkig222 Read a.yml:Settled/failed b.yml:Starting/pending'
    ])
  })
})

describe('a store of number 3', () => {
  /** What providers were told of each build, when it was last asked about. */
  const plans = async (): Promise<ReadonlyMap<string, Plan>> => {
    const world = worldWith(true)
    playedIn(world, await stateOf('store-v3'), [eventOf(started(world.us, MEMBERS))])
    return new Map(world.asked.flatMap((effect) => ('plan' in effect ? [[shortOf(effect.build), effect.plan] as const] : [])))
  }

  it('has every plan that it had, whole', async () => {
    const lines = (await readFile(new URL('state.json', fixture('store-v3')), 'utf8')).split('\n').filter((line) => /^\["knot\d/.test(line))
    const runs = lines.map((line) => JSON.parse(line.replace(/,$/, '')) as readonly [string, { readonly builds: ReadonlyArray<readonly [string, { readonly plan: Plan | null }]> }])
    const found = await plans()
    const compared = runs.flatMap(([key, { builds }]) =>
      builds.flatMap(([name, { plan }]) => {
        const now = found.get(`${key} ${name}`)
        return plan === null || now === undefined ? [] : [[now, plan] as const]
      })
    )
    expect(compared.length).toBeGreaterThan(4)
    for (const [now, then] of compared) expect(now).toEqual(then)
    expect(found.get('knot2.example/3mbd35pm5l222 ci.yml')?.variables).toContainEqual(['TANGLED_INPUT_LOG_LEVEL', 'debug'])
    // What was kept of a build that has ended, a retry needs.
    const { builds } = await stateOf('store-v3')
    const ended = M.toEntries(builds.runs).find(([key]) => key.endsWith('3mbd35iovik22'))?.[1].builds ?? expect.fail('no run')
    expect(M.toEntries(ended).map(([, { recipe }]) => recipe?.environment)).toEqual([[['A', 'one'], ['B', '2']], [['A', 'one'], ['B', '2']]])
  })

  it('is refused, as it is, where a journal goes on from its snapshot', async () => {
    const image = await imageOf('store-v3')
    const [path] = [...image.keys()].filter((file) => file.startsWith('journal'))
    const line = `{"version":3,"seq":${String(Number(/\d+/.exec(path ?? '')?.[0]))},"events":[]`
    const journal = Buffer.from(`${line},"crc":"${crc32(line).toString(16).padStart(8, '0')}"}\n`)
    await expect(openOn(new Map([...image, [path ?? '', journal]]))).rejects.toThrow(/an earlier tack wrote it after its last snapshot, for a store of version 3/)
  })
})

describe('a store of number 4', () => {
  it('keeps its configuration once, that it was stopped, and whom it reads', async () => {
    const { backfill, builds, config, counters, isStopped, knots } = await stateOf('store-v4')
    const { backoff } = defaults({ hostname: '', owner: '' }).builds
    expect([config.hostname, config.owner, config.jetstream, isStopped]).toEqual(['ci.example', OWNER, 'wss://stream.example/subscribe', true])
    expect(config).toMatchObject({ admission: 'members', backfill: true, builds: { backoff, providers: ['ci', 'local'] }, rewindUs: 5_000_000, toleranceUs: 60_000_000 })
    expect(config).toMatchObject({ jetstreamBackoff: { capMs: 60_000 }, knotBackoff: { capMs: 300_000 } })
    expect([backfill.next, builds.next, knots.next]).toEqual([11, 52, 14])
    expect(M.keys(backfill.accounts)).toEqual(['did:plc:bob22222222222222222222', 'did:plc:carol222222222222222222'])
    expect(M.toEntries(builds.waiting).map(([knot, { keys }]) => [knot, M.size(keys)])).toEqual([['knot1.example', 2], ['knot2.example', 2], ['knot3.example', 1]])
    expect(M.toEntries(builds.sources).flatMap(([knot, { leaving }]) => (leaving === null ? [] : [[knot, leaving.number]]))).toEqual([['knot4.example', 51]])
    expect(M.toEntries(counters.reports)).toContainEqual(['ProviderUncertain', 4])
  })

  it('starts with no other settings than it was given: nothing is read again, and everything outstanding is asked for', async () => {
    const state = await stateOf('store-v4')
    const [after, effects] = step(state, eventOf({ _tag: 'Started', at: at(UPGRADE), config: state.config, resumeFrom: null }))
    expect(M.keys(after.backfill.accounts)).toEqual(M.keys(state.backfill.accounts))
    const asked = new Map<string, number>()
    for (const { _tag } of effects) asked.set(_tag, (asked.get(_tag) ?? 0) + 1)
    expect([...asked]).toEqual([['OpenJetstream', 1], ['SubscribeKnot', 3], ['WakeAfter', 5], ['FollowBuild', 2], ['FindBuild', 2], ['ReadWorkflows', 4], ['CancelBuild', 2]])
  })
})

describe('a store of number 4 whose runs keep more than they may today', () => {
  const READING = 'knot2.example/3mbd35rbkkk22'

  /** One run that waits for its files keeps more than any run may: its input has so many characters. */
  const oversized = async (): Promise<State> => {
    const image = await imageOf('store-v4')
    const text = must(E.fromNullable([])(image.get('state.json'))).toString()
    const larger = text.replace('[["log-level","info"]]', `[["log-level","${'x'.repeat(1_200_000)}"]]`)
    const end = larger.lastIndexOf('\n]') + 1
    const crc = crc32(larger.slice(0, end)).toString(16).padStart(8, '0')
    return (await openOn(new Map([...image, ['state.json', Buffer.from(`${larger.slice(0, end)}],"crc":"${crc}"}\n`)]]))).state
  }

  const isOwed = (run: Builds.Run): boolean => run.phase._tag !== 'Read' || M.toEntries(run.builds).some(([, { phase }]) => phase._tag !== 'Settled')
  const owedIn = (state: State): ReadonlyArray<string> => M.toEntries(state.builds.runs).flatMap(([key, run]) => (isOwed(run) ? [key] : []))
  const TIGHT: Partial<WrittenConfig['builds']> = { keepUnits: 0, owedUnits: 16 }

  it('opens, and what they keep is counted', async () => {
    const state = await oversized()
    const { owed, over } = state.builds.kept
    const sum = (which: (run: Builds.Run) => boolean): number => M.toEntries(state.builds.runs).reduce((n, [, run]) => n + (which(run) ? unitsOfRun(run) : 0), 0)
    expect([owed, over]).toEqual([sum(isOwed), sum((run) => !isOwed(run))])
    expect(owed).toBeGreaterThan(1_200_000)
    expect(over).toBeGreaterThan(0)
  })

  it('forgets what is over beyond its limit, and nothing that is under way: all of that is asked for', async () => {
    const state = await oversized()
    const [after, effects] = step(state, eventOf({ _tag: 'Started', at: at(UPGRADE), config: { ...state.config, builds: { ...state.config.builds, ...TIGHT } }, resumeFrom: null }))
    expect(owedIn(after)).toEqual(owedIn(state))
    expect(M.keys(after.builds.runs)).toEqual(owedIn(state))
    expect([after.builds.kept.owed, after.builds.kept.over]).toEqual([state.builds.kept.owed, 0])
    const asked = new Map<string, number>()
    for (const { _tag } of effects) asked.set(_tag, (asked.get(_tag) ?? 0) + 1)
    expect([...asked]).toEqual([['OpenJetstream', 1], ['SubscribeKnot', 3], ['WakeAfter', 5], ['FollowBuild', 2], ['FindBuild', 2], ['ReadWorkflows', 4], ['CancelBuild', 2]])
  })

  it('comes to the end of all that: builds that had begun end as they do, and workflows that are read now fail for want of room', async () => {
    const state = await oversized()
    const world = worldWith(true)
    const ended = playedIn(world, state, [eventOf({ _tag: 'Started', at: world.us, config: { ...state.config, builds: { ...state.config.builds, owedUnits: 16 } }, resumeFrom: null })])
    expect(owedIn(ended)).toEqual([])
    const whose = M.toEntries(ended.builds.runs).find(([key]) => key === READING)?.[1].builds ?? expect.fail('no run')
    expect(M.toEntries(whose).map(([, { error, status }]) => [status, error])).toEqual([['failed', expect.stringMatching(/^There is no room for this workflow: /)]])
    expect(world.starts.size).toBe(0)
  })
})

describe('a store of number 6', () => {
  const accessOf = async (image: Image) => {
    const { collaborators, entries, listed, ofAccounts } = (await openOn(image)).state.access
    return [M.size(entries), M.toEntries(ofAccounts), collaborators, M.toEntries(listed)]
  }

  it('keeps what knots said of who may push, and counts it for the accounts that claim and own it', async () => {
    expect(await accessOf(await imageOf('store-v6'))).toEqual([4, [[ALICE, 1], [OWNER, 3]], 2, [[OWNER, 2]]])
  })

  it('may have a list that is nobody’s, which takes no room', async () => {
    const image = await imageOf('store-v6')
    const text = must(E.fromNullable([])(image.get('state.json'))).toString()
    const larger = text.replace(`"collaborators":["${BOB}"],"owner":"${OWNER}"`, `"collaborators":["${BOB}"],"owner":"did:plc:nobody"`)
    expect(larger).not.toBe(text)
    const end = larger.lastIndexOf('\n]') + 1
    const crc = crc32(larger.slice(0, end)).toString(16).padStart(8, '0')
    expect(await accessOf(new Map([...image, ['state.json', Buffer.from(`${larger.slice(0, end)}],"crc":"${crc}"}\n`)]]))).toEqual([4, [[ALICE, 1], [OWNER, 3]], 1, [[OWNER, 1]]])
  })
})

describe('a store of number 7', () => {
  it('had an activation without a time supersede what came before it, which stays as it was', async () => {
    const { accounts } = (await stateOf('store-v7')).commits
    expect(M.toEntries(accounts).flatMap(([did, { active, setAside }]) => (setAside === null ? [] : [[did, active, setAside.isOver]]))).toEqual([
      ['did:plc:bob22222222222222222222', false, false],
      ['did:plc:carol222222222222222222', true, true]
    ])
  })
})

describe('store-v2-open', () => {
  it('opens with the rows of everybody who named us, and the stream where it was', async () => {
    const state = await stateOf('store-v2-open')
    const named = M.toEntries(state.commits.accounts).flatMap(([did, { active, repos }]) => M.keys(repos).map((rkey) => `${did} ${rkey} ${String(active)}`))
    expect(named).toEqual(expect.arrayContaining([`${OWNER} app true`, `${OWNER} lib true`, `${ALICE} hers true`, `${ALICE} tool true`]))
    expect(state.cursor.cursor).toBe(at(26))
    // The name of a record was 700 characters long.
    const long = M.toEntries(state.commits.accounts).flatMap(([, { repos }]) => M.toEntries(repos).filter(([rkey]) => rkey === 'n'))
    expect(long.map(([, { record }]) => record?.name)).toEqual([''])
    expect(O.toNullable(M.lookup<string>('FieldTooLong')(state.counters.reports))).toBe(1)
    const opens = step(state, eventOf(started(at(UPGRADE), { ...MEMBERS, admission: 'open', backfill: false })))[1].filter(({ _tag }) => _tag === 'OpenJetstream')
    expect(opens).toHaveLength(1)
  })
})
