/** The chart of shell/deploy/scale.md: a panel for each thing there may be many of, both axes in powers of ten. Readable in light and dark. */

export interface Panel {
  readonly lines: ReadonlyArray<{ readonly name: string; readonly points: ReadonlyArray<readonly [count: number, value: number]> }>
  readonly title: string
}

const WIDTH = 420
const HEIGHT = 300
/** Within a panel: room for what stands left of the lines, right of them, above and below. */
const ROOM = { bottom: 34, left: 52, right: 120, top: 34 }
/** The least distance of two names at the right. */
const APART = 14

const STYLE = `svg { background: #fff; font: 12px sans-serif }
text { fill: #1f2328 } .grid { stroke: #d0d7de; stroke-width: 1 } .title { font-weight: bold }
.line { fill: none; stroke-width: 2 } .c0 { stroke: #0550ae } .c1 { stroke: #bc4c00 } .c2 { stroke: #1a7f37 } .c3 { stroke: #8250df }
.t0 { fill: #0550ae } .t1 { fill: #bc4c00 } .t2 { fill: #1a7f37 } .t3 { fill: #8250df }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
.c0 { stroke: #79c0ff } .c1 { stroke: #ffa657 } .c2 { stroke: #7ee787 } .c3 { stroke: #d2a8ff }
.t0 { fill: #79c0ff } .t1 { fill: #ffa657 } .t2 { fill: #7ee787 } .t3 { fill: #d2a8ff }
}`

const powers = (values: ReadonlyArray<number>): { readonly from: number; readonly to: number } => {
  const logs = values.filter((value) => value > 0).map(Math.log10)
  return { from: Math.floor(Math.min(...logs)), to: Math.ceil(Math.max(...logs)) }
}

const range = ({ from, to }: { readonly from: number; readonly to: number }): ReadonlyArray<number> => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const named = (power: number): string => (power < 3 ? String(10 ** power) : power < 6 ? `${String(10 ** (power - 3))} k` : `${String(10 ** (power - 6))} M`)

const at = (value: number): string => value.toFixed(1)

const panel = ({ lines, title }: Panel, left: number, top: number): string => {
  const xs = powers(lines.flatMap(({ points }) => points.map(([count]) => count)))
  const ys = powers(lines.flatMap(({ points }) => points.map(([, value]) => value)))
  const x = (log: number): number => left + ROOM.left + ((log - xs.from) / Math.max(1, xs.to - xs.from)) * (WIDTH - ROOM.left - ROOM.right)
  const y = (log: number): number => top + HEIGHT - ROOM.bottom - ((log - ys.from) / Math.max(1, ys.to - ys.from)) * (HEIGHT - ROOM.top - ROOM.bottom)
  const grid = [
    ...range(xs).flatMap((power) => [
      `<path class="grid" d="M${at(x(power))} ${at(y(ys.from))}V${at(y(ys.to))}"/>`,
      `<text x="${at(x(power))}" y="${at(y(ys.from) + 16)}" text-anchor="middle">${named(power)}</text>`
    ]),
    ...range(ys).flatMap((power) => [
      `<path class="grid" d="M${at(x(xs.from))} ${at(y(power))}H${at(x(xs.to))}"/>`,
      `<text x="${at(x(xs.from) - 6)}" y="${at(y(power) + 4)}" text-anchor="end">${named(power)}</text>`
    ])
  ]
  const placed = lines.map(({ name, points }, i) => ({ i, name, points: points.map(([count, value]) => [x(Math.log10(count)), y(Math.log10(value))] as const) }))
  const drawn = placed.map(({ i, points }) => `<path class="line c${String(i)}" d="${points.map(([px, py], n) => `${n === 0 ? 'M' : 'L'}${at(px)} ${at(py)}`).join('')}"/>`)
  let last = -Infinity
  const names = [...placed]
    .sort((a, b) => (a.points.at(-1)?.[1] ?? 0) - (b.points.at(-1)?.[1] ?? 0))
    .map(({ i, name, points }) => {
      last = Math.max(last + APART, (points.at(-1)?.[1] ?? 0) + 4)
      return `<text class="t${String(i)}" x="${at((points.at(-1)?.[0] ?? 0) + 8)}" y="${at(last)}">${name}</text>`
    })
  return `<text class="title" x="${at(left + ROOM.left)}" y="${at(top + 20)}">${title}</text>\n${[...grid, ...drawn, ...names].join('\n')}`
}

/** The chart, two panels a row. */
export const chart = (panels: ReadonlyArray<Panel>): string => {
  const height = HEIGHT * Math.ceil(panels.length / 2)
  const size = `viewBox="0 0 ${String(WIDTH * 2)} ${String(height)}" width="${String(WIDTH * 2)}" height="${String(height)}"`
  const drawn = panels.map((one, i) => panel(one, (i % 2) * WIDTH, Math.floor(i / 2) * HEIGHT))
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="What things cost, by how many there are">\n<style>${STYLE}</style>\n${drawn.join('\n')}\n</svg>\n`
}
