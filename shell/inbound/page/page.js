// @ts-check
/*
 * The page: asks for the overview every second while somebody looks, and shows it; shows logs as they grow.
 *
 * All that is shown was written by strangers, so it enters the document as text, never as markup, and each piece is isolated: no name
 * can turn the direction of what stands beside it. What stays the same stays in place, so focus, selection and scrolling survive.
 */

/**
 * @typedef {{ name: string, owner: string }} Repository
 * @typedef {{ cause: string, ref: string | null, sha: string | null, knot: string, rkey: string, repository: Repository, retryOf: string | null, triggeredMs: number | null }} Run
 * @typedef {Run & { error: string | null, exitCode: number | null, pipeline: string | null, provider: string | null,
 *   startedMs: number | null, status: string, statusMs: number, url: string | null, workflow: string }} Build
 * @typedef {{ host: string, phase: string, attempt: number, sinceMs: number | null, holding: number, holders: Array<Repository & { rkey: string }> }} Knot
 * @typedef {{ active: Build[], builds: Build[], next: number | null, reading: Run[], knots: Knot[], members: string[], owner: string, hostname: string, handles: Record<string, string>,
 *   admission: string, isHealthy: boolean, isSaving: boolean, repositories: Array<Repository & { rkey: string, knot: string }>,
 *   counts: { builds: Record<string, number>, knots: number, members: number, repositories: number, runs: number },
 *   noticed: Array<{ atMs: number, kind: string, sentence: string, about: Array<[string, string]> }>,
 *   stream: { attempt: number, cursorMs: number | null, frames: number, phase: string, sinceMs: number | null }, version: string }} Overview
 */

// ---------------------------------------------------------------------------------------- the document

/** @param {string} id */
const byId = (id) => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element ${id}`)
  return element
}

/** @param {Element} element @param {string} text */
const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}

/** @param {string} tag @param {string} className @param {Array<Node | string>} children */
const make = (tag, className = '', ...children) => {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.append(...children)
  return element
}

/** Foreign text. @param {string} text @param {string} className */
const foreign = (text, className = '') => make('bdi', className, text)

/**
 * Brings the children of `parent` in line with `items`: each keeps its element as long as its key is there, and is drawn again only when
 * what it shows has changed.
 * @template T
 * @param {Element} parent @param {ReadonlyArray<T>} items @param {(item: T) => string} keyOf @param {(item: T) => Element} draw
 */
const sync = (parent, items, keyOf, draw) => {
  const old = new Map(Array.from(parent.children, (child) => [child.getAttribute('data-key'), child]))
  /** @type {Element | null} */
  let after = null
  for (const item of items) {
    const key = keyOf(item)
    const shown = JSON.stringify(item)
    let element = old.get(key)
    old.delete(key)
    if (element?.getAttribute('data-shown') !== shown) {
      const drawn = draw(item)
      drawn.setAttribute('data-key', key)
      drawn.setAttribute('data-shown', shown)
      if (element !== undefined) {
        const hadFocus = element.contains(document.activeElement)
        element.replaceWith(drawn)
        const link = drawn.querySelector('a')
        if (hadFocus && link !== null) link.focus()
      }
      element = drawn
    }
    /** @type {Element | null} */
    const place = after === null ? parent.firstElementChild : after.nextElementSibling
    if (place !== element) parent.insertBefore(element, place)
    after = element
  }
  for (const element of old.values()) element.remove()
}

// ---------------------------------------------------------------------------------------- words

/** How much the clock of the server is ahead of ours. */
let aheadMs = 0
const now = () => Date.now() + aheadMs

/** @param {number} n @param {string} one @param {string} many */
const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** @param {number} ms */
const duration = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s >= 172_800) return `${Math.floor(s / 86_400)} days`
  if (s >= 3_600) return `${Math.floor(s / 3_600)} h ${String(Math.floor((s % 3_600) / 60)).padStart(2, '0')} min`
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s` : `${s} s`
}

/** @param {number} ms */
const ago = (ms) => {
  const s = Math.round((now() - ms) / 1000)
  if (s < 5) return 'just now'
  if (s < 60) return `${s} s ago`
  if (s < 3_600) return `${Math.floor(s / 60)} min ago`
  return s < 172_800 ? `${Math.floor(s / 3_600)} h ago` : new Date(ms).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' })
}

/** Stays with what is before it at the end of a line. */
const DOT = '\u00a0· '

/** The middle of an identifier tells nobody anything. @param {string} did */
const short = (did) => (did.length > 24 ? `${did.slice(0, 15)}…${did.slice(-4)}` : did)

/** The verified handles of accounts, by DID. @type {Map<string, string>} */
let handles = new Map()

/** An account, by its handle where that is known. @param {string} did */
const named = (did) => handles.get(did) ?? short(did)

/** @param {string | null} ref */
const shortRef = (ref) => (ref ?? '').replace(/^refs\/(heads|tags)\//, '')

/**
 * Text that depends on the time: written again every second.
 * @param {'ago' | 'since' | 'span'} kind @param {number} fromMs
 */
const ticking = (kind, fromMs) => {
  const element = document.createElement('time')
  element.dateTime = new Date(fromMs).toISOString()
  element.title = new Date(fromMs).toLocaleString()
  element.dataset['tick'] = kind
  element.dataset['from'] = String(fromMs)
  tick(element)
  return element
}

/** @param {HTMLElement} element */
const tick = (element) => {
  const from = Number(element.dataset['from'])
  put(element, element.dataset['tick'] === 'ago' ? ago(from) : duration(now() - from))
}

// ---------------------------------------------------------------------------------------- builds

/** @param {{ knot: string, rkey: string, workflow: string }} build */
const keyOf = ({ knot, rkey, workflow }) => [knot, rkey, workflow].map(encodeURIComponent).join('/')

/** @param {string} status */
const isOver = (status) => status !== 'pending' && status !== 'running'

/** Where Tangled shows a repository, and below that a commit. @param {Repository} repository @param {string[]} below */
const atTangled = ({ name, owner }, ...below) => `https://tangled.org/${[owner, name, ...below].map(encodeURIComponent).join('/').replaceAll('%3A', ':')}`

/** A link to another site, which is not told from where. @param {string} href @param {string} label @param {Node} shown */
const linkTo = (href, label, shown) => {
  const link = document.createElement('a')
  link.href = href
  link.rel = 'noopener noreferrer'
  link.title = label
  link.append(shown)
  return link
}

/** What caused it; with links where it stands in none itself. @param {Run} run @param {boolean} hasLinks */
const whyOf = ({ cause, ref, repository, retryOf, sha }, hasLinks = false) => {
  const why = make('span', 'why', retryOf === null ? cause : 'retry')
  if (ref !== null && ref !== '') why.append(DOT, foreign(shortRef(ref)))
  const commit = sha === null ? null : make('code', '', sha.slice(0, 8))
  if (sha !== null && commit !== null) why.append(DOT, hasLinks ? linkTo(atTangled(repository, 'commit', sha), 'the commit at Tangled', commit) : commit)
  const owner = foreign(named(repository.owner), 'did')
  owner.title = repository.owner
  why.append(DOT, owner)
  return why
}

/** @param {Build} build */
const drawBuild = (build) => {
  const { error, pipeline, provider, repository, startedMs, status, statusMs, workflow } = build
  const what = make('span', 'what', foreign(repository.name), ' ', foreign(workflow, 'workflow'))
  const when = make('span', 'when')
  if (!isOver(status)) when.append('for ', ticking('since', statusMs))
  else when.append(ticking('ago', statusMs), startedMs === null ? '' : `, took ${duration(statusMs - startedMs)}`)
  const why = whyOf(build)
  if (provider !== null) why.append(DOT, foreign(pipeline === null || pipeline === '' ? provider : `${provider}: ${pipeline}`))
  const link = document.createElement('a')
  link.href = `#/${keyOf(build)}`
  link.append(make('span', 'bead'), what, make('span', 'how', status), why, when)
  if (error !== null && error !== '') link.append(foreign(error, 'error'))
  return make('li', `build ${status}`, link)
}

/** @param {Run} run */
const drawReading = (run) => {
  const row = make('span', '')
  row.append(make('span', 'what', foreign(run.repository.name)))
  const link = document.createElement('a')
  link.append(make('span', 'bead'), row, make('span', 'how', 'reading'), whyOf(run), run.triggeredMs === null ? '' : make('span', 'when', 'for ', ticking('since', run.triggeredMs)))
  return make('li', 'build reading', link)
}

/** @type {Map<string, string>} */
let statuses = new Map()

/** Says aloud what has ended since the last look. @param {Build[]} builds */
const announce = (builds) => {
  const before = statuses
  statuses = new Map(builds.map((build) => [keyOf(build), build.status]))
  const ended = builds.filter((build) => {
    const old = before.get(keyOf(build))
    return old !== undefined && old !== build.status && isOver(build.status)
  })
  if (ended.length > 0) put(byId('news'), ended.slice(0, 3).map(({ repository, status, workflow }) => `${repository.name} ${workflow}: ${status}`).join('. '))
}

// ---------------------------------------------------------------------------------------- the rest of the world

const PHASES = /** @type {Record<string, string>} */ ({ Connecting: 'connecting', Idle: 'not connected', Open: 'connected', Waiting: 'lost; will try again' })

/** @param {Knot} knot */
const drawKnot = ({ attempt, holders, holding, host, phase, sinceMs }) => {
  const state = make('span', `knot-phase ${phase === 'Open' ? 'up' : phase === 'Waiting' ? 'down' : ''}`, PHASES[phase] ?? phase)
  if (sinceMs !== null) state.append(' for ', ticking('since', sinceMs))
  else if (attempt > 1) state.append(`, attempt ${attempt}`)
  const held = make('p', 'held', 'held by ')
  /** @type {Map<string, typeof holders>} */
  const byOwner = new Map()
  for (const holder of holders) byOwner.set(holder.owner, [...(byOwner.get(holder.owner) ?? []), holder])
  let isFirst = true
  for (const [owner, theirs] of byOwner) {
    held.append(isFirst ? '' : '; ')
    isFirst = false
    theirs.forEach(({ name, rkey }, i) => {
      const one = foreign(name, 'repository')
      one.title = `${owner}/${rkey}`
      held.append(i === 0 ? '' : i === theirs.length - 1 ? ' and ' : ', ', one)
    })
    const whose = foreign(named(owner), 'did')
    whose.title = owner
    held.append(' of ', whose)
  }
  if (holding > holders.length) held.append(`; and ${count(holding - holders.length, 'more repository', 'more repositories')}`)
  return make('li', '', make('div', 'knot-head', foreign(host, 'knot-host'), state), held)
}

/** @param {string | Node} main @param {string} aside @param {string} title */
const row = (main, aside, title) => {
  const element = make('li', '', typeof main === 'string' ? foreign(main) : main, foreign(aside, 'aside'))
  element.title = title
  return element
}

/** @param {Array<[string, Node | string]>} facts */
const drawFacts = (facts) => facts.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value)))

/** @param {string} did */
const ownerShown = (did) => {
  const shown = foreign(handles.get(did) ?? did, 'mono')
  shown.title = did
  return shown
}

/** The state of everything in one sentence. @param {Overview} overview */
const summary = ({ counts, isSaving, reading, stream }) => {
  const running = (counts.builds['running'] ?? 0) + (counts.builds['pending'] ?? 0) + reading.length
  const isUp = stream.phase === 'Open'
  return [
    make('span', isUp && isSaving ? 'say' : 'say bad', !isSaving ? 'Cannot save' : isUp ? 'Listening' : stream.phase === 'Connecting' ? 'Connecting' : 'Not connected'),
    !isSaving ? ', so nothing is taken in. ' : isUp ? ' to ' : ' to the stream; ',
    ...(isSaving || isUp ? [make('span', 'say', count(counts.knots, 'knot')), ' for ', make('span', 'say', count(counts.repositories, 'repository', 'repositories')), '. '] : []),
    ...(running === 0 ? ['Nothing is being built.'] : [make('span', 'say', count(running, 'build')), ' under way.'])
  ]
}

/** The lists that somebody wants to see all of. @type {Set<string>} */
const unfolded = new Set()

/** Shows the first few of a list, and offers the rest. @param {string} id @param {number} few */
const fold = (id, few) => {
  const list = byId(id)
  const all = Array.from(list.children)
  const isFolded = all.length > few + 2 && !unfolded.has(id)
  all.forEach((child, i) => child.toggleAttribute('hidden', isFolded && i >= few))
  let button = list.nextElementSibling
  if (!(button instanceof HTMLButtonElement)) {
    const made = document.createElement('button')
    made.type = 'button'
    made.addEventListener('click', () => {
      unfolded.add(id)
      fold(id, few)
      const link = list.children[few]
      if (link instanceof HTMLElement) {
        link.tabIndex = -1
        link.focus()
      }
    })
    list.after(made)
    button = made
  }
  button.toggleAttribute('hidden', !isFolded)
  put(button, `Show ${all.length - few} more`)
}

/** What was last drawn of parts that have no keys. @type {Map<string, string>} */
const drawn = new Map()

/** Draws a part only when what it shows has changed. @param {string} id @param {unknown} shown @param {() => Array<Node | string>} draw */
const once = (id, shown, draw) => {
  const text = JSON.stringify(shown)
  if (drawn.get(id) === text) return
  drawn.set(id, text)
  byId(id).replaceChildren(...draw())
}

const filter = /** @type {HTMLInputElement} */ (byId('filter'))

/** @type {Build[]} */
let older = []
/** @type {Build[]} */
let latestBefore = []
/** @type {number | null} */
let olderNext = null
/** @type {Record<string, string>} */
let olderHandles = {}

/** What is known of builds, by key: what is said above a log. @type {Map<string, Build>} */
let everyBuild = new Map()

/** Takes in handles; what shows accounts is drawn again when there is something new. @param {Record<string, string>} found */
const learn = (found) => {
  const isNew = Object.entries(found).some(([did, handle]) => handles.get(did) !== handle) || [...handles.keys()].some((did) => !(did in found))
  if (!isNew) return
  handles = new Map(Object.entries(found))
  drawn.clear()
  for (const element of document.querySelectorAll('[data-shown]')) element.setAttribute('data-shown', '')
}

/** Whether a row is of a repository that was asked for. @param {{ repository: Repository }} row */
const isWanted = ({ repository: { name, owner } }) => {
  const wanted = filter.value.trim().toLowerCase()
  return wanted === '' || `${handles.get(owner) ?? ''}/${name} ${owner}/${name}`.toLowerCase().includes(wanted)
}

/** @type {Overview | null} */
let lastShown = null

/** @param {Overview} overview */
const show = (overview) => {
  lastShown = overview
  learn({ ...olderHandles, ...overview.handles })
  const { active, admission, builds, counts, hostname, isHealthy, isSaving, knots, members, noticed, owner, reading, repositories, stream, version } = overview
  document.title = active.length > 0 ? `(${active.length}) ${hostname}` : hostname
  put(byId('hostname'), hostname)
  put(byId('version'), `tack ${version}`)
  once('summary', [counts, isSaving, reading.length, stream.phase], () => summary(overview))
  once('facts', [stream.phase, stream.sinceMs, stream.attempt, owner, handles.get(owner)], () =>
    drawFacts([
      ['Stream', stream.sinceMs === null ? (PHASES[stream.phase] ?? stream.phase) : make('span', '', 'connected for ', ticking('since', stream.sinceMs))],
      ['Last heard', make('span', 'cursor')],
      ['Frames', make('span', 'frames')],
      ['Owner', ownerShown(owner)]
    ])
  )
  const cursor = document.querySelector('.cursor')
  if (cursor !== null) cursor.replaceChildren(stream.cursorMs === null ? 'nothing yet' : ticking('ago', stream.cursorMs))
  const frames = document.querySelector('.frames')
  if (frames !== null) put(frames, stream.frames.toLocaleString('en'))

  put(byId('alarm'), !isSaving ? 'What happens cannot be saved. The log of the spindle says why.' : 'The stream has been lost for some minutes.')
  byId('alarm').hidden = isHealthy

  sync(
    byId('active'),
    [...reading.filter(isWanted).map((run) => ({ key: `${run.knot}/${run.rkey}`, draw: () => drawReading(run), run })), ...active.filter(isWanted).map((build) => ({ key: keyOf(build), draw: () => drawBuild(build), run: build }))],
    ({ key }) => key,
    ({ draw }) => draw()
  )
  byId('idle').hidden = active.length + reading.length > 0
  const latest = builds.filter(({ status }) => isOver(status))
  const known = new Set(latest.map(keyOf))
  // What the newest push out of the overview goes before the older ones, if these are shown.
  if (older.length > 0) older = [...latestBefore.filter((build) => !known.has(keyOf(build))), ...older]
  latestBefore = latest
  sync(byId('recent'), [...latest, ...older.filter((build) => !known.has(keyOf(build)))].filter(isWanted), keyOf, drawBuild)
  byId('unmatched').hidden = latest.length === 0 || byId('recent').children.length > 0
  byId('unbuilt').hidden = latest.length > 0
  if (older.length === 0) olderNext = overview.next
  byId('older').hidden = olderNext === null
  announce(builds)
  everyBuild = new Map([...older, ...builds, ...active].map((build) => [keyOf(build), build]))
  describe()

  put(byId('knots-count'), counts.knots === 0 ? '' : counts.knots.toLocaleString('en'))
  sync(byId('knots'), knots, ({ host }) => host, drawKnot)
  fold('knots', 12)
  byId('no-knots').hidden = knots.length > 0
  put(byId('repositories-count'), counts.repositories.toLocaleString('en'))
  sync(
    byId('repositories'),
    repositories,
    ({ knot, owner, rkey }) => `${owner}/${rkey}/${knot}`,
    ({ knot, name, owner, rkey }) =>
      row(linkTo(atTangled({ name, owner }), 'the repository at Tangled', foreign(name)), `${named(owner)} on ${knot}`, `${owner}/${rkey}`)
  )
  fold('repositories', 12)
  put(byId('members-count'), counts.members.toLocaleString('en'))
  put(byId('admission'), admission === 'open' ? 'Anybody may have their repositories built here.' : 'Their repositories, and the owner’s, are built here.')
  sync(byId('members'), members, (did) => did, (did) => row(handles.get(did) ?? did, did === owner ? 'the owner' : '', did))
  fold('members', 12)
  byId('noticed-section').hidden = noticed.length === 0
  once('noticed', noticed, () =>
    noticed.slice(0, 8).map(({ about, atMs, kind, sentence }) => make('li', '', make('span', '', sentence), ticking('ago', atMs), foreign([kind.split('/')[1] ?? '', ...about.map(([name, value]) => `${name} ${value}`)].filter((part) => part !== '').join(' · '), 'aside')))
  )
}

// ---------------------------------------------------------------------------------------- asking

const PERIOD_MS = 1_000
let etag = ''
let failures = 0

const look = async () => {
  try {
    const response = await fetch('api/overview.json', { cache: 'no-store', headers: etag === '' ? {} : { 'if-none-match': etag }, signal: AbortSignal.timeout(10_000) })
    const date = Date.parse(response.headers.get('date') ?? '')
    // The header has no fractions of a second.
    if (!Number.isNaN(date) && Math.abs(date - now()) > 1_500) aheadMs = date - Date.now()
    if (response.status === 200) {
      etag = response.headers.get('etag') ?? ''
      show(await response.json())
    } else if (response.status !== 304) throw new Error(`status ${response.status}`)
    failures = 0
    document.body.classList.remove('lost')
  } catch {
    failures += 1
    etag = ''
    if (failures >= 2) {
      put(byId('alarm'), 'The spindle does not answer. What is shown is what was last known; trying again.')
      byId('alarm').hidden = false
    }
  }
}

/** One question after another, more slowly while there is no answer, and none while nobody looks. */
const lookOn = async () => {
  for (;;) {
    if (document.visibilityState === 'visible') await look()
    await new Promise((resolve) => setTimeout(resolve, Math.min(PERIOD_MS * 2 ** failures, 15_000)))
  }
}

setInterval(() => {
  for (const element of document.querySelectorAll('[data-tick]')) if (element instanceof HTMLElement) tick(element)
}, 1_000)

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void look()
})

filter.addEventListener('input', () => {
  if (lastShown !== null) show(lastShown)
})

byId('older').addEventListener('click', async () => {
  if (olderNext === null) return
  const response = await fetch(`api/builds.json?before=${olderNext}`)
  if (!response.ok) return
  /** @type {{ builds: Build[], handles: Record<string, string>, next: number | null }} */
  const page = await response.json()
  older = [...older, ...page.builds.filter(({ status }) => isOver(status))]
  olderNext = page.next
  olderHandles = { ...olderHandles, ...page.handles }
  etag = ''
  await look()
})

// ---------------------------------------------------------------------------------------- a log

const LINES_MAX = 20_000
const dialog = /** @type {HTMLDialogElement} */ (byId('log'))
const lines = byId('log-lines')

/** @typedef {{ kind: string, content: string, time: string, step_id: number, step_status?: string, step_failed?: boolean, step_kind?: number, step_command?: string, stream?: string }} Frame */

/** Which log is shown: going back and forth tells of a place more than once. */
let shownKey = ''
/** @type {string[]} */
let shownParts = []
/** @type {WebSocket | null} */
let socket = null
/** @type {Map<number, { element: HTMLDetailsElement, took: Element, startMs: number, style: Style }>} */
let steps = new Map()
/** @type {Frame[]} */
let queue = []
/** @type {Element[]} */
let linesShown = []
let dropped = 0
/** The log as it came, to be saved: as much of it as a browser should keep. @type {string[]} */
let raw = []
let rawChars = 0
const RAW_MAX = 67_108_864
let isScheduled = false
let retry = 0

// Of a terminal's sequences, colours and weights are shown; movements mean nothing here.
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
const STYLE = /^\u001b\[([0-9;:]*)m$/

/** @param {string} text */
const plain = (text) => text.replace(TERMINAL, '').replace(CONTROL, '')

/** How text is shown: the number of a colour from 0 to 15, or none, and weights. @typedef {{ colour: number | null, bold: boolean, dim: boolean, italic: boolean, underline: boolean }} Style */
/** @type {Style} */
const PLAIN = { bold: false, colour: null, dim: false, italic: false, underline: false }

/** The style after a sequence with these numbers (ECMA-48). @param {Style} style @param {number[]} numbers @returns {Style} */
const styled = (style, numbers) => {
  let next = style
  for (let i = 0; i < numbers.length; i++) {
    const n = numbers[i] ?? 0
    if (n === 0) next = PLAIN
    else if (n === 1) next = { ...next, bold: true }
    else if (n === 2) next = { ...next, dim: true }
    else if (n === 3) next = { ...next, italic: true }
    else if (n === 4) next = { ...next, underline: true }
    else if (n === 22) next = { ...next, bold: false, dim: false }
    else if (n === 23) next = { ...next, italic: false }
    else if (n === 24) next = { ...next, underline: false }
    else if (n >= 30 && n <= 37) next = { ...next, colour: n - 30 }
    else if (n === 39) next = { ...next, colour: null }
    else if (n >= 90 && n <= 97) next = { ...next, colour: n - 82 }
    else if (n === 38 || n === 48) {
      // Of 256 colours only the first sixteen have a name. The others, and those behind the text, are left out.
      const isNamed = numbers[i + 1] === 5
      const named = numbers[i + 2] ?? 16
      if (n === 38) next = { ...next, colour: isNamed && named < 16 ? named : null }
      i += isNamed ? 2 : 4
    }
  }
  return next
}

/** @param {string} text @param {Style} style */
const inStyle = (text, { bold, colour, dim, italic, underline }) => {
  const names = [colour === null ? '' : `ansi-${colour}`, bold ? 'bold' : '', dim ? 'dim' : '', italic ? 'italic' : '', underline ? 'underline' : '']
  const className = names.filter((name) => name !== '').join(' ')
  return className === '' ? text : make('span', className, text)
}

/**
 * What a terminal would show of a line: of one that is written over, the end.
 * @param {string} line @param {Style} before @returns {{ nodes: Array<Node | string>, style: Style }}
 */
const drawLine = (line, before) => {
  /** @type {Array<Node | string>} */
  let nodes = []
  let style = before
  for (const part of line.split('\r')) {
    /** @type {Array<Node | string>} */
    const drawn = []
    let from = 0
    for (const match of part.matchAll(TERMINAL)) {
      const text = part.slice(from, match.index).replace(CONTROL, '')
      if (text !== '') drawn.push(inStyle(text, style))
      const numbers = STYLE.exec(match[0])
      if (numbers !== null) style = styled(style, (numbers[1] ?? '').split(/[;:]/).map(Number))
      from = match.index + match[0].length
    }
    const rest = part.slice(from).replace(CONTROL, '')
    if (rest !== '') drawn.push(inStyle(rest, style))
    if (drawn.length > 0) nodes = drawn
  }
  return { nodes, style }
}

/** @param {number} id @param {string} name @param {boolean} isSystem */
const stepOf = (id, name, isSystem) => {
  const known = steps.get(id)
  if (known !== undefined) return known
  const element = document.createElement('details')
  element.className = isSystem ? 'step system' : 'step'
  element.open = !isSystem
  const took = make('span', 'took')
  element.append(make('summary', '', foreign(name), took))
  lines.append(element)
  const step = { element, startMs: NaN, style: PLAIN, took }
  steps.set(id, step)
  return step
}

/** @param {Frame} frame */
const take = ({ content, kind, step_command, step_failed, step_id, step_kind, step_status, stream, time }) => {
  if (kind === 'control') {
    const step = stepOf(step_id, content, step_kind !== 1)
    if (step_status === 'start') {
      step.startMs = Date.parse(time)
      if (step_command !== undefined && step_command !== content) step.element.append(make('div', 'command', `$ ${plain(step_command)}`))
    } else {
      if (!Number.isNaN(step.startMs)) put(step.took, duration(Date.parse(time) - step.startMs))
      if (step_failed === true && !step.element.classList.contains('broke')) {
        step.element.classList.add('broke')
        step.element.open = true
        step.took.before(make('span', 'how failed', 'failed'))
      }
    }
  } else if (kind === 'data') {
    const step = stepOf(step_id, 'output', false)
    const { nodes, style } = drawLine(content, step.style)
    step.style = style
    const line = make('div', stream === 'stderr' ? 'line stderr' : 'line', ...(nodes.length === 0 ? ['\u200b'] : nodes))
    step.element.append(line)
    linesShown.push(line)
  }
}

const isAtEnd = () => lines.scrollHeight - lines.scrollTop - lines.clientHeight < 48

const toEnd = () => {
  lines.scrollTop = lines.scrollHeight
}

const flush = () => {
  isScheduled = false
  const follows = isAtEnd()
  for (const frame of queue) take(frame)
  queue = []
  byId('log-save').hidden = raw.length === 0 || rawChars > RAW_MAX
  if (linesShown.length > LINES_MAX) {
    const surplus = linesShown.splice(0, linesShown.length - LINES_MAX)
    for (const line of surplus) line.remove()
    dropped += surplus.length
  }
  if (follows) toEnd()
  byId('log-end').hidden = isAtEnd()
}

/** The page of the build at its CI. @param {Build} build */
const atItsCi = ({ provider, url }) =>
  url !== null && /^https?:\/\//.test(url) ? [DOT, linkTo(url, 'the build at its CI', foreign(provider ?? 'CI'))] : []

/** Says above the log whose it is, and how the build stands. */
const describe = () => {
  if (shownKey === '') return
  const build = everyBuild.get(shownKey)
  const [knot = '', rkey = '', workflow = ''] = shownParts
  once('log-title', [shownKey, build?.repository.name], () => [...(build === undefined ? [] : [linkTo(atTangled(build.repository), 'the repository at Tangled', foreign(build.repository.name)), ' ']), foreign(workflow, 'workflow')])
  once('log-reason', [shownKey, build?.error, build?.exitCode], () => reasonOf(build))
  once('log-about', [shownKey, build], () =>
    build === undefined
      ? ['Triggered by ', foreign(rkey, 'mono'), ' of ', foreign(knot)]
      : [make('span', `how ${build.status}`, build.status), isOver(build.status) ? ' ' : ' for ', ticking(isOver(build.status) ? 'ago' : 'since', build.statusMs), DOT, whyOf(build, true), DOT, foreign(knot), ...atItsCi(build)]
  )
}

/** Why it ended as it did. @param {Build | undefined} build @returns {Array<Node | string>} */
const reasonOf = (build) => {
  if (build === undefined) return []
  const { error, exitCode } = build
  // As a rule the sentence names it.
  const isSaid = exitCode === null || exitCode === 0 || (error ?? '').includes(String(exitCode))
  const code = isSaid ? [] : [make('span', '', `exit code ${exitCode}`)]
  return error === null || error === '' ? code : [foreign(error), ...(code.length === 0 ? [] : [DOT, ...code])]
}

/** @param {string} sentence */
const state = (sentence) => put(byId('log-state'), dropped > 0 ? `${sentence} ${count(dropped, 'earlier line is', 'earlier lines are')} not shown.` : sentence)

const clear = () => {
  steps = new Map()
  queue = []
  linesShown = []
  dropped = 0
  raw = []
  rawChars = 0
  lines.replaceChildren()
  byId('log-save').hidden = true
  byId('log-again').hidden = true
  byId('log-end').hidden = true
}

/** @param {Frame} frame */
const keep = ({ content, kind }) => {
  if (kind !== 'data' || rawChars > RAW_MAX) return
  rawChars += content.length + 1
  if (rawChars > RAW_MAX) raw = []
  else raw.push(`${content}\n`)
}

/** Saves what has come of the log, with the sequences of a terminal that are in it. */
const save = () => {
  const link = document.createElement('a')
  link.download = `${(everyBuild.get(shownKey)?.repository.name ?? shownParts[1] ?? 'build').replace(/[^\w.-]+/g, '-')}-${(shownParts[2] ?? '').replace(/[^\w.-]+/g, '-')}.log`
  link.href = URL.createObjectURL(new Blob(raw, { type: 'text/plain' }))
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

/** @param {string} key */
const readLog = (key) => {
  socket?.close()
  clear()
  const url = new URL(`logs/${key}`, new URL('.', location.href))
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const mine = new WebSocket(url)
  socket = mine
  let wasOpen = false
  state('Asking for the log…')
  mine.addEventListener('open', () => {
    wasOpen = true
    state('Following.')
  })
  mine.addEventListener('message', ({ data }) => {
    if (socket !== mine) return
    retry = 0
    /** @type {Frame} */
    const frame = JSON.parse(data)
    queue.push(frame)
    keep(frame)
    if (queue.length > LINES_MAX) queue.splice(0, queue.length - LINES_MAX)
    if (!isScheduled) {
      isScheduled = true
      requestAnimationFrame(flush)
    }
  })
  mine.addEventListener('close', ({ code }) => {
    if (socket !== mine) return
    if (code === 1000) {
      requestAnimationFrame(() => {
        if (socket === mine) state(steps.size === 0 ? 'The log is empty.' : 'The log is complete.')
      })
      return
    }
    byId('log-again').hidden = false
    if (!wasOpen) state('This log cannot be read now: the build is not known here, or too many logs are being read.')
    else if (retry < 5) {
      retry += 1
      state('The connection was lost; trying again…')
      setTimeout(() => {
        if (socket === mine) readLog(key)
      }, 1_000 * 2 ** retry)
    } else state('The connection was lost.')
  })
}

const route = () => {
  if (!location.hash.startsWith('#/')) {
    shownKey = ''
    socket?.close()
    socket = null
    if (dialog.open) dialog.close()
    return
  }
  try {
    shownParts = location.hash.slice(2).split('/').slice(0, 3).map(decodeURIComponent)
  } catch {
    return
  }
  const key = shownParts.map(encodeURIComponent).join('/')
  if (key === shownKey) return
  shownKey = key
  describe()
  if (!dialog.open) dialog.showModal()
  lines.focus()
  retry = 0
  readLog(key)
}

const leave = () => {
  if (location.hash.startsWith('#/')) history.pushState(null, '', location.pathname + location.search)
  route()
}

byId('log-close').addEventListener('click', leave)
byId('log-save').addEventListener('click', save)
byId('log-end').addEventListener('click', toEnd)
byId('log-again').addEventListener('click', () => readLog(shownKey))
lines.addEventListener('scroll', () => {
  byId('log-end').hidden = isAtEnd()
})
dialog.addEventListener('cancel', (event) => {
  event.preventDefault()
  leave()
})
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) leave()
})
addEventListener('hashchange', route)
addEventListener('popstate', route)

void lookOn()
route()
