/**
 * `npm run bench:scale`: what things cost from a thousand rows to a million, one knot to ten thousand, one reader to a thousand, ten builds to twenty
 * thousand. Writes the table and the chart of shell/deploy/scale.md, and reports/scale.json. Takes a quarter of an hour on two free cores.
 *
 * Processors are counted, not the clock, but for blocks: so it may run beside other programs, and blocks are then theirs, too.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { eventsJob, grownJob, hoardJob, type Kept, perform, start } from './jobs.js'
import { median } from './measure.js'
import { chart, type Panel } from './scale-chart.js'
import { number } from './text.js'

const DECADES = (from: number, to: number): ReadonlyArray<number> => (from > to ? [] : [from, ...DECADES(from * 10, to)])

const SIZES: { readonly [kept in Exclude<Kept, 'accounts'>]: ReadonlyArray<number> } = {
  knots: DECADES(1, 10_000),
  rows: DECADES(1_000, 1_000_000),
  runs: [10, 100, 1_000, 20_000]
}
const READERS = DECADES(1, 1_000)
const STATUSES = 100
const ROUNDS = 5

/** How each kind is called on the page. */
const NAMES = { knots: 'knots', rows: 'rows', runs: 'builds' } as const

const PAGE = 'shell/deploy/scale.md'
const CHART = 'shell/deploy/scale.svg'
const BEGIN = '<!-- measured: npm run bench:scale -->'
const END = '<!-- end of what was measured -->'

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const measureGrown = async (kept: keyof typeof SIZES, count: number) => {
  const parent = await mkdtemp(join(tmpdir(), 'tack-scale-'))
  try {
    const store = join(parent, 'store')
    await perform(hoardJob, { count, isJournal: false, kept, store })
    const measured = { ...(await perform(grownJob, { count, kept, store })), count, kept }
    print(JSON.stringify(measured))
    return measured
  } finally {
    await rm(parent, { force: true, recursive: true })
  }
}
type Grown = Awaited<ReturnType<typeof measureGrown>>

const measureReaders = async (readers: number) => {
  const { end, measure } = start(eventsJob, { frames: STATUSES, laggards: 0, readers, together: 1 })
  try {
    const rounds: Array<{ readonly bare: number; readonly ours: number }> = []
    for (let round = 0; round < ROUNDS; round++) {
      const { bare, events } = await measure()
      rounds.push({ bare: bare.cpuSeconds, ours: events.cpuSeconds })
    }
    const ms = (seconds: ReadonlyArray<number>): number => (median(seconds) * 1000) / STATUSES
    const measured = { bareMs: ms(rounds.map(({ bare }) => bare)), ours: ms(rounds.map(({ ours }) => ours)), readers }
    print(JSON.stringify(measured))
    return measured
  } finally {
    await end()
  }
}
type Crowd = Awaited<ReturnType<typeof measureReaders>>

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [rows[0] ?? [], (rows[0] ?? []).map((_, i) => (i === 0 ? '---' : '---:')), ...rows.slice(1)].map((row) => `| ${row.join(' | ')} |`).join('\n')

const grownTable = (kept: keyof typeof SIZES, all: ReadonlyArray<Grown>): string =>
  table([
    [NAMES[kept], 'heap, MB', 'snapshot, MB', 'boot, ms', 'boot / `JSON.parse` of the snapshot', 'one more, µs', 'the page, ms', 'writing a snapshot, ms'],
    ...all.map(({ bootMs, count, eventUs, heapBytes, pageUs, parseMs, snapshotBytes, snapshotMs }) =>
      [count, heapBytes / 1e6, snapshotBytes / 1e6, bootMs, bootMs / parseMs, eventUs, pageUs / 1000, snapshotMs].map(number)
    )
  ])

const readersTable = (all: ReadonlyArray<Crowd>): string =>
  table([
    ['readers of `/events`', 'a status to all, ms', 'the same by a bare broadcast of `ws`, ms', 'for each reader, µs'],
    ...all.map(({ bareMs, ours, readers }) => [readers, ours, bareMs, (ours * 1000) / readers].map(number))
  ])

const panelOf = (kept: keyof typeof SIZES, all: ReadonlyArray<Grown>): Panel => ({
  lines: [
    { name: 'one more, µs', points: all.map(({ count, eventUs }) => [count, eventUs]) },
    { name: 'the page, µs', points: all.map(({ count, pageUs }) => [count, pageUs]) },
    { name: 'boot, ms', points: all.map(({ bootMs, count }) => [count, bootMs]) },
    { name: 'heap, kB', points: all.map(({ count, heapBytes }) => [count, heapBytes / 1000]) }
  ],
  title: NAMES[kept]
})

const machine = { cpu: cpus()[0]?.model ?? '', cpus: cpus().length, load: loadavg()[0] ?? NaN, memoryBytes: totalmem(), node: process.version }
const sentence =
  `${String(machine.cpus)} cores of ${machine.cpu.trim()}, ${number(machine.memoryBytes / 2 ** 30)} GiB, Node ${machine.node}; ` +
  `load at the beginning ${number(machine.load)}. Milliseconds and microseconds of processors.`
print(sentence)

const grown: { [kept in keyof typeof SIZES]: Array<Grown> } = { knots: [], rows: [], runs: [] }
const crowds: Array<Crowd> = []

const publish = async (): Promise<void> => {
  await mkdir('reports', { recursive: true })
  await writeFile('reports/scale.json', `${JSON.stringify({ at: new Date().toISOString(), crowds, grown, machine }, null, 2)}\n`)
  const measured = [sentence, grownTable('rows', grown.rows), grownTable('knots', grown.knots), grownTable('runs', grown.runs), readersTable(crowds)].join('\n\n')
  const page = await readFile(PAGE, 'utf8')
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for what is measured`)
  await writeFile(PAGE, `${before}${BEGIN}\n\n${measured}\n\n${END}${after}`)
  const readers: Panel = { lines: [{ name: 'a status to all, µs', points: crowds.map(({ ours, readers: count }) => [count, ours * 1000]) }], title: 'readers' }
  await writeFile(CHART, chart([panelOf('rows', grown.rows), panelOf('knots', grown.knots), panelOf('runs', grown.runs), readers]))
  print(`written: ${PAGE}, ${CHART}, reports/scale.json`)
}

for (const kept of ['runs', 'knots'] as const) for (const count of SIZES[kept]) grown[kept].push(await measureGrown(kept, count))
for (const readers of READERS) crowds.push(await measureReaders(readers))
// The last of them take minutes: what there is stands already.
for (const count of SIZES.rows) {
  grown.rows.push(await measureGrown('rows', count))
  await publish()
}
