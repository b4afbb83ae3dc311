/** Builds as the page shows them, beside a plain pass over all of them. */
import { expect, it } from 'vitest'
import { Builds, isFinal, OrderedMap, type State } from '../../../core/index.js'
import { seeded } from '../../../shell/demo-network/frames.js'
import { NOTHING_SHOWN } from '../../../shell/inbound/shown.js'
import { active, buildsByStatus, buildsOfRun, pageOfBuilds, reading, type ShownBuild } from '../../../shell/inbound/shown-builds.js'
import { createWorld } from './support.js'

/** All builds, the latest change first. */
const all = ({ builds: { runs } }: State): ReadonlyArray<Builds.Build> =>
  OrderedMap.toEntries(runs)
    .flatMap(([, run]) => OrderedMap.toEntries(run.builds).map(([, build]) => build))
    .sort((a, b) => b.statusUs - a.statusUs)

const msOf = (builds: ReadonlyArray<Builds.Build>): ReadonlyArray<readonly [number, string]> => builds.map(({ status, statusUs }) => [Math.floor(statusUs / 1000), status])
const shownMs = (builds: ReadonlyArray<ShownBuild>): ReadonlyArray<readonly [number, string]> => builds.map(({ status, statusMs }) => [statusMs, status])

it.each([1, 2, 3])('shows each build once, page by page, counts them, and tells those under way apart (seed %i)', (seed) => {
  const random = seeded(seed)
  const world = createWorld()
  world.openStream()
  for (let n = 0; n < 4; n++) {
    world.publishRepo({ knot: `knot-${String(n)}.example`, name: `r${String(n)}` })
    world.openKnot(`knot-${String(n)}.example`)
  }
  for (let n = 0; n < 90; n++) {
    const at = String(random.between(0, 3))
    const repository = { knot: `knot-${at}.example`, name: `r${at}` }
    if (random.between(0, 9) === 0) {
      world.pushUnread(repository)
      continue
    }
    for (const build of world.push({ ...repository, workflows: ['a.yml', 'b.yml', 'c.yml'] })) {
      const end = random.between(0, 4)
      if (end === 0) continue
      if (end === 1) world.refuse(build, 'no')
      else {
        world.accept(build, `${build.knot}/${build.rkey}/${build.workflow}`)
        if (end > 2) world.report(build, `${build.knot}/${build.rkey}/${build.workflow}`, 'running')
        if (end > 3) world.report(build, `${build.knot}/${build.rkey}/${build.workflow}`, 'success', { exitCode: 0 })
      }
    }
    // Somebody looks meanwhile.
    if (n % 7 === 0) pageOfBuilds(world.state(), Infinity, NOTHING_SHOWN)
  }
  const state = world.state()
  const builds = all(state)
  const pages: Array<ReadonlyArray<ShownBuild>> = []
  for (let before: number | null = Infinity; before !== null; ) {
    const page = pageOfBuilds(state, before, NOTHING_SHOWN)
    pages.push(page.builds)
    before = page.next
  }
  expect(pages.map((page) => page.length)).toEqual(Array.from({ length: Math.ceil(builds.length / 100) }, (_, i) => Math.min(100, builds.length - i * 100)))
  expect(shownMs(pages.flat())).toEqual(msOf(builds))
  expect(pages.length).toBeGreaterThan(1)
  const ofRuns = OrderedMap.toEntries(state.builds.runs).map(([key, run]) => {
    const [knot, rkey] = Builds.splitKey(key)
    const { builds: shown, next } = buildsOfRun(state, knot, rkey, NOTHING_SHOWN)
    expect(next).toBeNull()
    expect(shown.every((build) => build.knot === knot && build.rkey === rkey)).toBe(true)
    expect(shownMs(shown)).toEqual(msOf([...OrderedMap.toEntries(run.builds)].map(([, build]) => build).sort((a, b) => b.statusUs - a.statusUs)))
    return shown.length
  })
  expect([Math.min(...ofRuns), Math.max(...ofRuns)]).toEqual([0, 3])
  for (const [knot, rkey] of [['knot-0.example', 'other'], ['', ''], ['a/b', 'c'], ['knot-0.example', '../x']] as const)
    expect(buildsOfRun(state, knot, rkey, NOTHING_SHOWN).builds).toEqual([])
  const counts = { cancelled: 0, failed: 0, pending: 0, running: 0, success: 0, timeout: 0 }
  for (const { status } of builds) counts[status]++
  expect(buildsByStatus(state)).toEqual(counts)
  expect(shownMs(active(state, NOTHING_SHOWN))).toEqual(msOf(builds.filter(({ status }) => !isFinal(status))).slice(0, 100))
  const unread = OrderedMap.toEntries(state.builds.runs).filter(([, { phase }]) => phase._tag !== 'Read')
  expect(reading(state, world.clock.now()).map(({ knot, rkey }) => `${knot}/${rkey}`)).toEqual(unread.map(([key]) => key))
  expect(unread.length).toBeGreaterThan(0)
})
