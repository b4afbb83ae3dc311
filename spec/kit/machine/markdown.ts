/** Tables and diagrams as Markdown. */
import type { Outcome } from './explore.js'

export const code = (text: string): string => `\`${text}\``

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** The items by what `keyOf` says of them, in the order in which each is met first. */
const grouped = <A>(items: ReadonlyArray<A>, keyOf: (item: A) => string): ReadonlyArray<readonly [A, ...ReadonlyArray<A>]> => {
  const groups = new Map<string, [A, ...Array<A>]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return [...groups.values()]
}

// ---------------------------------------------------------------------------------------- diagrams

/** A name that Mermaid takes for a state. */
const idOf = (kind: string): string =>
  kind
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** A state diagram. What leads nowhere else and has nothing done is not drawn, though it may change or report something. */
export const diagram = (start: string, outcomes: ReadonlyArray<Outcome>): string => {
  const drawn = outcomes.filter(({ effects, from, to }) => from !== to || effects.length > 0)
  const kinds = [...new Set([start, ...drawn.flatMap(({ from, to }) => [from, to])])]
  const arrows = grouped(drawn, ({ effects, from, to }) => [from, to, ...effects].join('|')).map((group) => {
    const [{ effects, from, to }] = group
    const caused = effects.length === 0 ? '' : ` / ${effects.join(', ')}`
    return `    ${idOf(from)} --> ${idOf(to)} : ${group.map(({ label }) => label.replaceAll('`', '')).join(' or ')}${caused}`
  })
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...kinds.filter((kind) => kind !== idOf(kind)).map((kind) => `    state "${kind}" as ${idOf(kind)}`),
    `    [*] --> ${idOf(start)}`,
    ...arrows,
    '```'
  ].join('\n')
}

// ---------------------------------------------------------------------------------------- outcomes

const cellOf = ({ changes, effects, from, reports, to }: Outcome): string => {
  const parts = [
    ...(from === to ? [] : [`**${to}**`]),
    ...(changes.length === 0 ? [] : [changes.join(', ')]),
    ...(effects.length + reports.length === 0 ? [] : [[...effects, ...reports].map(code).join(', ')])
  ]
  return parts.length === 0 ? '–' : parts.join(' · ')
}

/** All outcomes: a row for each kind of event, a column for each kind of state. Events that do the same share a row. */
export const outcomeTable = (outcomes: ReadonlyArray<Outcome>): string => {
  const kinds = [...new Set(outcomes.map(({ from }) => from))]
  const labels = [...new Set(outcomes.map(({ label }) => label))]
  const rows = labels.map((label) => ({
    cells: kinds.flatMap((kind) => outcomes.filter((outcome) => outcome.from === kind && outcome.label === label)).map(cellOf),
    label
  }))
  return table(
    ['', ...kinds],
    grouped(rows, ({ cells }) => cells.join('|')).map((group) => [group.map(({ label }) => label).join('; '), ...group[0].cells])
  )
}

/** The same as a list, for many kinds of states; what does nothing is left out. */
export const outcomeList = (outcomes: ReadonlyArray<Outcome>): string => {
  const rows = outcomes.map((outcome) => ({ ...outcome, cell: cellOf(outcome) })).filter(({ cell }) => cell !== '–')
  return table(
    ['in', 'event', 'becomes · changes · causes'],
    grouped(rows, ({ cell, from }) => `${from}|${cell}`).map((group) => [
      group[0].from,
      group.map(({ label }) => label).join('; '),
      group[0].cell
    ])
  )
}
