/** STREAM: what holds of the log of statuses, and of whoever reads it. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import { Builds, decodeCursor, type Effect, type LogEntry, OrderedMap as M, type PipelineEntry, type State, type StatusEntry, type TimeUs } from '../../../core/index.js'
import { pure } from './fence.js'
import { all, because, equal, every, type Laws, when } from './law.js'
import type { Run } from './run.js'
import { unitsOver } from './units.js'

/** A reader who comes at some step and reads pages of some size, now and then, until the end. */
export interface Reading {
  /** What its clock said beyond the stamp, in nanoseconds; 0: it comes with the stamp itself. */
  readonly beyond: number
  /** Where the reader has come from: a part of the statuses, in thousandths, or before all of them. */
  readonly from: number
  readonly limit: number
  readonly run: Run
  /** After how many steps each page is asked for; repeated. */
  readonly rhythm: ReadonlyArray<number>
}

export const published = (effects: ReadonlyArray<Effect>): ReadonlyArray<StatusEntry> =>
  effects.flatMap((effect) => (effect._tag === 'PublishStatus' ? [effect.entry] : []))

export const announced = (effects: ReadonlyArray<Effect>): ReadonlyArray<PipelineEntry> =>
  effects.flatMap((effect) => (effect._tag === 'PublishPipeline' ? [effect.entry] : []))

/** All that a step told readers, as it came about. */
const told = (effects: ReadonlyArray<Effect>): ReadonlyArray<LogEntry> =>
  effects.flatMap((effect): ReadonlyArray<LogEntry> =>
    effect._tag === 'PublishPipeline' || effect._tag === 'PublishStatus' ? [effect.entry] : []
  )

const entriesOf = (run: Run): ReadonlyArray<LogEntry> => run.steps.flatMap(({ effects }) => told(effects))

const keptIn = (state: State): ReadonlyArray<LogEntry> =>
  [...logOf(state), ...M.toEntries(state.builds.announcements).map(([, entry]) => entry)].sort((a, b) => a.createdUs - b.createdUs)

const runText = ({ knot, rkey }: { readonly knot: string; readonly rkey: string }): string => `${knot}/${rkey}`

const logOf = (state: State): ReadonlyArray<StatusEntry> => M.toEntries(state.builds.log).map(([, entry]) => entry)

/** For how long before a cursor that is no stamp of ours a reader is served, in microseconds. */
const MARGIN_US = 60_000_000

interface Read {
  /** After which stamp it is due what there is. */
  readonly dueUs: number
  readonly got: ReadonlyArray<LogEntry>
  /** Whether it came with a time of its own, and not with a stamp of ours. */
  readonly isForeign: boolean
  readonly wasBelow: boolean
}

/** What the reader gets: a page now and then while the run goes on, and at its end until there is no more. */
export const readAlong = ({ beyond, from, limit, rhythm, run }: Reading): Read =>
  pure(() => {
    const entries = entriesOf(run)
    const stamp = entries[Math.floor((entries.length * from) / 1_000) - 1]?.createdUs ?? 0
    const nanos = BigInt(stamp) * 1_000n + BigInt(beyond)
    const cursor = decodeCursor(String(nanos < 0n ? 0n : nanos))
    const isStamp = (lastUs: number): boolean =>
      nanos === 0n || entries.some(({ createdUs }) => createdUs <= lastUs && BigInt(createdUs) * 1_000n === nanos)
    const got: Array<LogEntry> = []
    let afterUs: TimeUs | null = null
    let dueUs = 0
    let isForeign = false
    let wasBelow = false
    const turn = (state: State): boolean => {
      if (E.isLeft(cursor)) return false
      if (afterUs === null) {
        const { lastUs } = state.builds
        const { timeUs } = cursor.right
        afterUs = Builds.servedAfter(state.builds, cursor.right)
        isForeign = !isStamp(lastUs)
        dueUs = isForeign ? Math.min(Math.max(0, timeUs - MARGIN_US), lastUs) : timeUs
      }
      const page = Builds.pageAfter(state.builds, afterUs, limit)
      wasBelow ||= page.isBelowFloor
      got.push(...page.entries)
      afterUs = page.entries[page.entries.length - 1]?.createdUs ?? afterUs
      return page.entries.length > 0
    }
    let next = 0
    let turns = 0
    run.steps.forEach(({ after }, i) => {
      // Nobody comes back to a stamp that there has not been yet.
      if (i < next || after.builds.lastUs < stamp) return
      turn(after)
      next = i + (rhythm[turns % Math.max(rhythm.length, 1)] ?? 1)
      turns++
    })
    const last = run.steps[run.steps.length - 1]
    while (last !== undefined && turn(last.after));
    return { dueUs, got, isForeign, wasBelow }
  })

export const STREAM = {
  'STREAM-1': (run: Run) => {
    let last = -1
    return every(entriesOf(run), ({ createdUs }) => {
      const rises = createdUs > last
      last = createdUs
      return because(rises, () => `${String(createdUs)} does not rise`)
    })
  },

  'STREAM-2': (reading: Reading) => {
    const { dueUs, got, wasBelow } = readAlong(reading)
    const due = entriesOf(reading.run).filter(({ createdUs }) => createdUs > dueUs)
    return wasBelow
      ? every(got, (entry, i) => because(due.includes(entry) && (got[i - 1]?.createdUs ?? -1) < entry.createdUs, () => 'out of order'))
      : equal('what was read', got, due)
  },

  'STREAM-3': (run: Run) =>
    every(run.steps, ({ after, before, effects }) => {
      const kept = after.config.builds.keepStatuses
      const log = logOf(after)
      const whole = [...logOf(before), ...published(effects)]
      const dropped = whole.slice(0, Math.max(0, whole.length - log.length))
      return all(
        because(log.length <= kept, () => `${String(log.length)} of ${String(kept)} are kept`),
        equal('what is kept', log, whole.slice(whole.length - log.length)),
        equal('the floor', after.builds.floorUs, dropped[dropped.length - 1]?.createdUs ?? before.builds.floorUs),
        equal('what is counted of what is over', after.builds.kept.over, unitsOver(after)),
        because(unitsOver(after) <= after.config.builds.keepUnits || log.length === 0, () => `${String(unitsOver(after))} units are kept of what is over`)
      )
    }),

  'STREAM-4': ({ cursorUs, run }: { readonly cursorUs: TimeUs; readonly run: Run }) => {
    const { after } = run.steps[run.steps.length - 1] ?? { after: null }
    if (after === null) return true
    const page = pure(() => Builds.pageAfter(after.builds, cursorUs, 1_000))
    const { floorUs } = after.builds
    return all(
      equal('the page', page.entries, keptIn(after).filter(({ createdUs }) => createdUs > cursorUs)),
      equal('below the floor', page.isBelowFloor, floorUs !== null && cursorUs < floorUs),
      when(page.isBelowFloor, () => equal('all statuses', page.entries.filter((entry) => 'status' in entry), logOf(after)))
    )
  },

  'STREAM-5': (run: Run) => {
    const names = new Map<string, ReadonlyArray<string>>()
    return every(run.steps, ({ after, effects }) =>
      all(
        every(told(effects), (entry) => {
          if ('status' in entry) {
            const { build } = entry
            return because(names.get(runText(build))?.includes(build.workflow) === true, () => `${runText(build)}, ${build.workflow} was not announced`)
          }
          const isFirst = !names.has(runText(entry))
          names.set(runText(entry), entry.workflows.map(({ name }) => name))
          return because(isFirst, () => `${runText(entry)} is announced again`)
        }),
        every(logOf(after), ({ build, createdUs }) =>
          because(
            M.toEntries(after.builds.announcements).some(([, entry]) => runText(entry) === runText(build) && entry.createdUs < createdUs),
            () => `the announcement of ${runText(build)} is gone before its status`
          )
        ),
        equal(
          'what is announced',
          M.toEntries(after.builds.announcements).map(([, entry]) => runText(entry)).sort(),
          M.toEntries(after.builds.runs).flatMap(([key, { announced: of }]) => (of === null ? [] : [key as string])).sort()
        )
      )
    )
  }
} satisfies Laws
