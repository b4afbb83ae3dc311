/** Where something stands in a YAML file: places as the core writes them (`when[0].branch[1]`), with line and column. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { excerpt, inside } from '../../core/index.js'

/** Both count from 1. */
export interface Position {
  readonly column: number
  readonly line: number
}

/** The position of the place that a sentence of the core begins with; where it is not there, that of the innermost place around it which is. */
export type Places = (sentence: string) => Position

export const START: Position = { column: 1, line: 1 }

/** The place of a key: of the file itself, that is its name. */
export const placeOfKey = (place: string, key: string): string => (place === '' ? excerpt(key) : inside(place, key))

/** Whether `place` is what `text` begins with, and not only a part of the name it begins with. */
const begins = (text: string, place: string): boolean => text.startsWith(place) && /^(?:$|[ .[:,])/.test(text.slice(place.length))

/** The places of a file. One that is not YAML has none but its start. */
export const placesIn = (text: string): Places => {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'silent', merge: true, schema: 'core', uniqueKeys: false })
  const found = new Map<string, Position>()
  const add = (place: string, offset: number | undefined): void => {
    if (offset === undefined || found.has(place)) return
    const { col, line } = counter.linePos(offset)
    found.set(place, { column: col, line })
  }
  // A list of what is to be looked at, not a recursion: the depth is the author's. Aliases are not followed.
  const waiting: Array<readonly [place: string, node: Node | null]> = [['', document.contents]]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [place, node] = next
    if (node === null || isAlias(node) || isScalar(node)) continue
    if (isSeq<Node>(node))
      for (const [i, item] of node.items.entries()) {
        const there = `${place}[${String(i)}]`
        add(there, item.range?.[0])
        waiting.push([there, item])
      }
    if (isMap<Node, Node | null>(node))
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue
        const there = placeOfKey(place, String(key.source ?? key.value))
        add(there, key.range?.[0])
        waiting.push([there, value])
      }
  }
  return (sentence) => {
    const said = sentence.replace(/^a name in /, '')
    let best: readonly [place: string, position: Position] = ['', START]
    for (const entry of found) if (entry[0].length > best[0].length && begins(said, entry[0])) best = entry
    return best[1]
  }
}
