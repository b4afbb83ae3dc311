// @ts-check
/**
 * Steps through a run, forward and back. Strangers wrote everything that is shown: it enters the document as text, never as markup, and invisible
 * characters are shown as escapes.
 */

/**
 * @typedef {null | boolean | number | string} Leaf
 * @typedef {Leaf | object} Json
 * @typedef {{ path: Array<string | number>, before?: Json, after?: Json }} Change
 * @typedef {{ title: string, state: Json }} Beginning
 * @typedef {{ changes: Change[], effects: Array<{ _tag: string }>, event: { _tag: string }, number: number, surprises: string[] }} Step
 * @typedef {{ about: { file: string, first: number, last: number, total: number }, entries: Array<Beginning | Step> }} Run
 */

/**
 * A state, or a part of it. Objects and written maps are both maps here, so `__proto__` is an ordinary key.
 * @typedef {Leaf | any[] | Map<string, any>} Tree
 */

/** @param {string} id */
const byId = (id) => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element ${id}`)
  return element
}

/** @param {string} tag @param {string} className @param {Array<Node | string>} children */
const make = (tag, className, ...children) => {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

/** Escapes characters that are invisible or that reorder text, except line feeds. @param {string} text */
const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (c) =>
    c === '\n' ? c : [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')
  )

/** @param {Json | object} json */
const pretty = (json) => visible(JSON.stringify(json, null, 2))

/** @type {Run} */
const run = JSON.parse(byId('run').textContent ?? '')
const { about, entries } = run

// ---------------------------------------------------------------------------------------- states

/** Whether it is a map in its written form: pairs that begin with different texts. @param {Json[]} list */
const isPairs = (list) =>
  list.every((item) => Array.isArray(item) && item.length === 2 && typeof item[0] === 'string') &&
  new Set(list.map((item) => (Array.isArray(item) ? item[0] : null))).size === list.length

/** @param {Json} json @returns {Tree} */
const treeOf = (json) => {
  if (typeof json !== 'object' || json === null) return json
  if (!Array.isArray(json)) return new Map(Object.entries(json).map(([name, value]) => [name, treeOf(value)]))
  if (json.length === 0 || !isPairs(json)) return json.map(treeOf)
  return new Map(json.map((item) => (Array.isArray(item) ? [String(item[0]), treeOf(item[1] ?? null)] : ['', null])))
}

/**
 * The tree with one change applied: the value at `from` is replaced by the one at `to`.
 * @param {Tree} tree @param {Change} change @param {'before' | 'after'} from @param {'before' | 'after'} to @returns {Tree}
 */
const changed = (tree, change, from, to, depth = 0) => {
  const at = change.path[depth]
  if (at === undefined) return treeOf(change[to] ?? null)
  const isEnd = depth === change.path.length - 1
  const isThere = !isEnd || to in change
  if (typeof at === 'number') {
    const list = Array.isArray(tree) ? tree : []
    if (!isThere) list.splice(at, 1)
    else if (isEnd && !(from in change)) list.splice(at, 0, treeOf(change[to] ?? null))
    else list[at] = changed(list[at] ?? null, change, from, to, depth + 1)
    return list
  }
  // An empty list may also be a map without entries.
  const map = tree instanceof Map ? tree : new Map()
  if (!isThere) map.delete(at)
  else map.set(at, changed(map.get(at) ?? null, change, from, to, depth + 1))
  return map
}

/** @param {Beginning | Step} entry @returns {entry is Step} */
const isStep = (entry) => 'event' in entry

/** The index of the current entry, and the state there; `null` if the state was too large for the page. @type {{ at: number, tree: Tree }} */
let state = { at: -1, tree: null }

/** @param {number} at */
const beginningOf = (at) => {
  let begin = at
  while (begin > 0 && isStep(entries[begin] ?? { state: null, title: '' })) begin--
  return begin
}

/** @param {number} at */
const isKnown = (at) => {
  const entry = entries[beginningOf(at)]
  return entry !== undefined && !isStep(entry) && entry.state !== null
}

/** The state after an entry. @param {number} to @returns {Tree} */
const stateAt = (to) => {
  const begin = beginningOf(to)
  const entry = entries[begin]
  if (entry === undefined || isStep(entry)) return null
  if (state.at < begin || begin !== beginningOf(state.at)) state = { at: begin, tree: treeOf(entry.state) }
  let { at, tree } = state
  while (at < to) {
    const next = entries[++at]
    if (next !== undefined && isStep(next)) for (const change of next.changes) tree = changed(tree, change, 'before', 'after')
  }
  while (at > to) {
    const last = entries[at--]
    if (last !== undefined && isStep(last)) for (const change of [...last.changes].reverse()) tree = changed(tree, change, 'after', 'before')
  }
  state = { at, tree }
  return tree
}

// ---------------------------------------------------------------------------------------- the tree

/** The paths that are open. They stay open from step to step. */
const open = new Set([JSON.stringify([]), JSON.stringify(['head'])])
const MANY = 200

/** @param {Array<string | number>} path */
const placeOf = (path) =>
  path.reduce(
    (/** @type {string} */ text, part) =>
      typeof part === 'string' && /^[A-Za-z_]\w*$/.test(part) ? `${text}${text === '' ? '' : '.'}${part}` : `${text}[${visible(JSON.stringify(part))}]`,
    ''
  )

/** @param {Tree} tree @param {string} name @param {Array<string | number>} path @param {Set<string>} touched @returns {HTMLElement} */
const drawn = (tree, name, path, touched) => {
  const key = JSON.stringify(path)
  const mark = touched.has(key) ? 'touched' : ''
  const children = tree instanceof Map ? [...tree].sort(([a], [b]) => (a < b ? -1 : 1)) : Array.isArray(tree) ? tree.map((item, i) => /** @type {[number, Tree]} */ ([i, item])) : []
  if (typeof tree !== 'object' || tree === null) return make('div', `leaf ${mark}`.trim(), `${name}: ${visible(JSON.stringify(tree))}`)
  if (children.length === 0) return make('div', `leaf ${mark}`.trim(), `${name}: none`)
  const details = document.createElement('details')
  details.className = mark
  const summary = make('summary', '', `${name} (${String(children.length)})`)
  details.append(summary)
  const list = make('ul', '')
  let shown = 0
  const more = make('button', '', '')
  more.setAttribute('type', 'button')
  const show = () => {
    more.remove()
    for (const [at, child] of children.slice(shown, shown + MANY)) list.append(make('li', '', drawn(child, visible(String(at)), [...path, at], touched)))
    shown += MANY
    if (shown >= children.length) return
    more.textContent = `${String(children.length - shown)} more`
    list.append(more)
  }
  more.addEventListener('click', show)
  const fill = () => {
    if (shown === 0) show()
  }
  const toggle = () => {
    if (details.open) open.add(key)
    else open.delete(key)
    if (details.open) fill()
  }
  // Fill it before it opens, so that it does not open empty. When a browser searches the page, it opens it without a click.
  summary.addEventListener('click', fill)
  details.append(list)
  details.open = open.has(key)
  if (details.open) show()
  details.addEventListener('toggle', toggle)
  return details
}

// ---------------------------------------------------------------------------------------- the steps

/** @param {Step} step */
const kindsOf = ({ effects, event }) => new Set([event._tag, ...effects.map(({ _tag }) => `→ ${_tag}`)])

/** The text of each entry that a search looks in. @type {string[]} */
const texts = entries.map((entry) => (isStep(entry) ? JSON.stringify([entry.event, entry.effects, entry.changes, entry.surprises]) : entry.title).toLowerCase())

/** The row of each entry. @type {HTMLElement[]} */
const rows = entries.map((entry, i) => {
  const button = make(
    'button',
    isStep(entry) && entry.surprises.length > 0 ? 'odd' : '',
    make('span', 'number', isStep(entry) ? String(entry.number) : ''),
    make('bdi', '', visible(isStep(entry) ? entry.event._tag : entry.title))
  )
  button.setAttribute('type', 'button')
  button.addEventListener('click', () => go(i))
  return make('li', '', button)
})

/** The entries that the search leaves, in ascending order. @type {number[]} */
let left = []
let current = 0

const kind = /** @type {HTMLSelectElement} */ (byId('kind'))
const text = /** @type {HTMLInputElement} */ (byId('text'))

const search = () => {
  const words = text.value.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const isSearch = kind.value !== '' || words.length > 0
  left = entries.flatMap((entry, i) => {
    if (isSearch && !isStep(entry)) return []
    const isOfKind = kind.value === '' || (isStep(entry) && kindsOf(entry).has(kind.value))
    return isOfKind && words.every((word) => texts[i]?.includes(word)) ? [i] : []
  })
  byId('steps').replaceChildren(...left.flatMap((i) => rows[i] ?? []))
  byId('found').textContent = isSearch ? `${String(left.length)} of ${String(entries.filter(isStep).length)} steps. Keys and buttons go through these.` : ''
  buttons()
}

const buttons = () => {
  const [first, last] = [left[0], left.at(-1)]
  for (const [id, isOff] of /** @type {Array<[string, boolean]>} */ ([
    ['first', first === undefined || current === first],
    ['back', first === undefined || current <= first],
    ['forward', last === undefined || current >= last],
    ['last', last === undefined || current === last]
  ]))
    byId(id).toggleAttribute('disabled', isOff)
}

/** @param {Json | undefined} value @param {string} className */
const cell = (value, className) => make('td', '', make('div', className, value === undefined ? '' : pretty(value)))

/** @param {Step} step */
const changesOf = ({ changes }) => {
  if (changes.length === 0) return make('p', 'quiet', 'Nothing.')
  const row = (/** @type {Change} */ { after, before, path }) =>
    make('tr', '', make('td', '', placeOf(path)), cell(before, 'gone'), cell(after, 'new'))
  return make(
    'table',
    '',
    make('thead', '', make('tr', '', make('th', '', 'what'), make('th', '', 'before'), make('th', '', 'after'))),
    make('tbody', '', ...changes.map(row))
  )
}

/** Shows an entry. @param {number} to */
const go = (to) => {
  const entry = entries[to]
  if (entry === undefined) return
  rows[current]?.firstElementChild?.removeAttribute('aria-current')
  current = to
  rows[to]?.firstElementChild?.setAttribute('aria-current', 'step')
  rows[to]?.scrollIntoView({ block: 'nearest' })
  const step = isStep(entry) ? entry : null
  for (const id of ['event', 'effects', 'changes']) byId(`${id}-title`).parentElement?.toggleAttribute('hidden', step === null)
  byId('title').textContent = visible(step === null ? `Before: ${isStep(entry) ? '' : entry.title}` : `${String(step.number)}  ${step.event._tag}`)
  byId('state-title').textContent = step === null ? 'State' : 'State after it'
  byId('surprises').replaceChildren(...(step?.surprises ?? []).map((sentence) => make('li', '', visible(sentence))))
  if (step !== null) {
    byId('event').textContent = pretty(step.event)
    byId('effects').replaceChildren(...(step.effects.length === 0 ? [make('p', 'quiet', 'None.')] : step.effects.map((effect) => make('pre', '', pretty(effect)))))
    byId('changes').replaceChildren(changesOf(step))
  }
  const touched = new Set((step?.changes ?? []).flatMap(({ path }) => path.map((_, i) => JSON.stringify(path.slice(0, i + 1)))))
  byId('state').replaceChildren(
    isKnown(to)
      ? make('div', 'tree', drawn(stateAt(to), 'state', [], touched))
      : make('p', 'quiet', 'The state was too large for this page: begin nearer to what you look for, with --from, or read it with "tack inspect".')
  )
  history.replaceState(null, '', step === null ? '#' : `#${String(step.number)}`)
  buttons()
}

const back = () => go(left.findLast((i) => i < current) ?? current)
const forward = () => go(left.find((i) => i > current) ?? current)
const first = () => go(left[0] ?? current)
const last = () => go(left.at(-1) ?? current)

/** @type {Array<[string[], string, () => void]>} */
const ACTIONS = [
  [['Home'], 'first', first],
  [['ArrowLeft', 'k'], 'back', back],
  [['ArrowRight', 'j'], 'forward', forward],
  [['End'], 'last', last]
]
for (const [, id, action] of ACTIONS) byId(id).addEventListener('click', action)

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const isWriting = event.target === text || event.target === kind
  if (event.key === 'Escape' && isWriting) byId('title').focus()
  if (isWriting) return
  if (event.key === '/') {
    event.preventDefault()
    text.focus()
  }
  const action = ACTIONS.find(([keys]) => keys.includes(event.key))
  if (action === undefined) return
  event.preventDefault()
  action[2]()
})

/** How often each kind occurs. @type {Map<string, number>} */
const kinds = new Map()
for (const entry of entries) if (isStep(entry)) for (const one of kindsOf(entry)) kinds.set(one, (kinds.get(one) ?? 0) + 1)
for (const [one, count] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const option = make('option', '', `${one} (${String(count)})`)
  option.setAttribute('value', one)
  kind.append(option)
}
kind.addEventListener('change', search)
text.addEventListener('input', search)

document.title = `Replay of ${visible(about.file)}`
byId('file').textContent = visible(about.file)
byId('extent').textContent =
  about.first === 1 && about.last === about.total
    ? `All ${String(about.total)} steps.`
    : `Steps ${String(about.first)} to ${String(about.last)} of ${String(about.total)}. Others: "tack replay" with --from and --to.`
search()
const asked = entries.findIndex((entry) => isStep(entry) && location.hash === `#${String(entry.number)}`)
go(asked === -1 ? 0 : asked)
