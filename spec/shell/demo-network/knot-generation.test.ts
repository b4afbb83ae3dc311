/**
 * What a knot of the first generation sends, frame by frame, and what the embedded knot makes of the same: `fixtures/knot-generation-1.jsonl` is
 * what came over one connection, with people, repositories and words of its own. Most pushes are told of twice, first by a refUpdate; one
 * that asks for no CI only by that, and a pull request only by a pipeline.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { OrderedMap as M, type State, step } from '../../../core/index.js'
import { type KnotEvent, knotFrameText, olderRefUpdate, pipeline, pipelineWorkflow, pullRequest, tid } from '../../../shell/demo-network/index.js'
import { building } from '../../suite/examples/build-world.js'
import { at, CONFIG, eventOf, initialOf, K1, knotFrame, knotOpened, put, repo, started } from '../../suite/examples/support.js'

const LINES = readFileSync(new URL('../fixtures/knot-generation-1.jsonl', import.meta.url), 'utf8').trimEnd().split('\n')

interface Update {
  readonly committerDid: string
  readonly newSha: string
  readonly oldSha: string
  readonly ref: string
  readonly repoDid: string
  readonly repoName: string
}

interface Piped {
  readonly triggerMetadata: {
    readonly kind: string
    readonly pullRequest?: { readonly action: string; readonly sourceBranch: string; readonly sourceSha: string; readonly targetBranch: string }
    readonly push?: { readonly newSha: string; readonly oldSha: string; readonly ref: string }
    readonly repo: { readonly did: string; readonly repo: string }
  }
}

const FRAMES = LINES.map((line) => JSON.parse(line) as KnotEvent)
const updateIn = ({ event, nsid }: KnotEvent): Update | null => (nsid === 'sh.tangled.git.refUpdate' ? (event as Update) : null)
const pipedIn = ({ event, nsid }: KnotEvent): Piped | null => (nsid === 'sh.tangled.pipeline' ? (event as Piped) : null)

/** The refUpdate that came before the pipeline, of the same push. */
const updateBefore = (i: number): Update | null => {
  const push = pipedIn(FRAMES[i] ?? expect.fail())?.triggerMetadata.push
  const updates = FRAMES.slice(0, i).map(updateIn)
  return updates.filter((update) => update !== null && update.newSha === push?.newSha && update.ref === push.ref).at(-1) ?? null
}

/** All paths to what is no object, each with what kind of thing is there. */
const shapeOf = (value: unknown, path = ''): ReadonlyArray<string> => {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item: unknown) => shapeOf(item, `${path}[]`)))]
  if (typeof value !== 'object' || value === null) return [`${path} ${typeof value}`]
  return Object.entries(value).flatMap(([key, item]) => shapeOf(item, `${path}.${key}`))
}

/** The frames over a connection to a knot on which everybody has the repositories that are pushed to. */
const played = (): { readonly asked: ReadonlyArray<string>; readonly state: State } => {
  const repositories = [...new Set(FRAMES.flatMap((frame) => (updateIn(frame) === null ? [] : [`${String(updateIn(frame)?.repoDid)} ${String(updateIn(frame)?.repoName)}`])))]
  const events = [
    ...repositories.map((text, i) => put(text.split(' ')[0] ?? '', text.split(' ')[1] ?? '', repo({ name: text.split(' ')[1] ?? '' }), at(i))),
    started(at(10), building()),
    knotOpened(K1, 2, at(11)),
    ...LINES.map((line, i) => knotFrame(K1, line, at(3_600 + i), 2))
  ]
  let state = initialOf(CONFIG)
  const asked: Array<string> = []
  for (const event of events) {
    const [after, effects] = step(state, eventOf(event))
    state = after
    asked.push(...effects.flatMap((effect) => (effect._tag === 'ReadWorkflows' ? [effect.rkey] : [])))
  }
  return { asked, state }
}

describe('a knot of the first generation', () => {
  it('reports most pushes twice, and a push that asks for no CI once', () => {
    const pipelines = FRAMES.filter((frame) => pipedIn(frame) !== null)
    expect([FRAMES.length, pipelines.length, pipelines.filter((frame) => pipedIn(frame)?.triggerMetadata.kind === 'pull_request').length]).toEqual([55, 27, 1])
    FRAMES.forEach((frame, i) => {
      if (pipedIn(frame)?.triggerMetadata.kind === 'push') expect(updateBefore(i)).not.toBeNull()
    })
  })

  it('gets a run for each pipeline, under its key, unless the committer has no rights, and none without a pipeline', () => {
    const entitled = FRAMES.flatMap((frame, i) => {
      const piped = pipedIn(frame)
      if (piped === null) return []
      const committer = updateBefore(i)?.committerDid
      return piped.triggerMetadata.kind === 'push' && committer !== piped.triggerMetadata.repo.did ? [] : [frame.rkey]
    })
    const { asked, state } = played()
    expect(entitled.length).toBeGreaterThan(20)
    expect(asked).toEqual(entitled)
    expect([...M.keys(state.builds.runs)]).toEqual(entitled.map((rkey) => `${K1}/${rkey}`))
  })

  it('sends no stamps: the cursor is the time in the last key', () => {
    const [entry] = M.toEntries(played().state.knots.subscriptions)
    const last = FRAMES.map(({ rkey }) => rkey).sort().at(-1) ?? ''
    const cursor = entry?.[1].cursor
    expect(tid(Number(cursor?.slice(0, -3) ?? 0)).slice(0, 11)).toBe(last.slice(0, 11))
  })
})

describe('the embedded knot', () => {
  it('writes the frames byte for byte', () => {
    for (const [i, frame] of FRAMES.entries()) expect(knotFrameText(frame, null)).toBe(LINES[i])
  })

  it('makes events of the same shapes', () => {
    const push = { committerDid: 'did:plc:a', newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ownerDid: 'did:plc:b', ref: 'refs/heads/main', repo: 'did:plc:c' }
    const branches = { sourceBranch: 's', sourceSha: 'a'.repeat(40), targetBranch: 'main' }
    const files = [pipelineWorkflow('ci.yml', 'engine: tack')]
    const shapesIn = (is: (frame: KnotEvent) => boolean) => FRAMES.filter(is).map((frame) => [...shapeOf(frame)].sort())
    const made = [
      [olderRefUpdate('r', 1, 'app', push), shapesIn((frame) => updateIn(frame) !== null)],
      [pipeline('r', K1, 'app', push, files), shapesIn((frame) => pipedIn(frame)?.triggerMetadata.kind === 'push')],
      [pullRequest('r', K1, 'app', 'did:plc:b', branches, files), shapesIn((frame) => pipedIn(frame)?.triggerMetadata.kind === 'pull_request')]
    ] as const
    for (const [event, shapes] of made) expect(shapes).toContainEqual([...shapeOf(event)].sort())
  })
})
