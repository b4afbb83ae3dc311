/** Uses a spindle as Tangled's web application does, in one page. Text from strangers is only ever inserted as text. */

/**
 * @typedef {{ did: string, name: string }} Named
 * @typedef {{ accounts: Named[], repositories: Named[], spindle: string }} Setting
 * @typedef {{ error?: string, id: string, name: string, status: string }} Workflow
 * @typedef {{ commit: string, createdAt: string, id: string, trigger: { $type: string, ref?: string }, workflows: Workflow[] }} Pipeline
 */
/** @template T @typedef {{ [key: string]: T }} Dictionary */

const ENDED = ['success', 'failed', 'timeout', 'cancelled']
const LOOK_MS = 1_000

/** @template {HTMLElement} E @param {string} id @param {new () => E} kind @returns {E} */
const at = (id, kind) => {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`no ${id}`)
  return found
}
const repository = at('repository', HTMLSelectElement)
const account = at('account', HTMLSelectElement)
const rows = at('pipelines', HTMLTableSectionElement)
const total = at('total', HTMLElement)
const older = at('older', HTMLButtonElement)
const said = at('said', HTMLElement)
const logs = at('logs', HTMLElement)
const logsOf = at('logs-of', HTMLElement)
const lines = at('lines', HTMLElement)

/** @param {string} tag @param {string} text @param {string} [kind] */
const element = (tag, text, kind = '') => {
  const made = document.createElement(tag)
  made.textContent = text
  made.className = kind
  return made
}

/** @param {string} text @param {string} label @param {() => unknown} act */
const button = (text, label, act) => {
  const made = document.createElement('button')
  made.type = 'button'
  made.textContent = text
  made.setAttribute('aria-label', label)
  made.addEventListener('click', act)
  return made
}

// ---------------------------------------------------------------------------------------- CBOR

/** Reads one value of DAG-CBOR, as far as log messages need it. @param {DataView} view @param {number} from @returns {[any, number]} */
const valueAt = (view, from) => {
  const first = view.getUint8(from)
  const [major, low] = [first >> 5, first & 31]
  if (major === 7) return [low === 21 ? true : low === 20 ? false : null, from + 1]
  const size = low < 24 ? 0 : 2 ** (low - 24)
  const number = low < 24 ? low : size === 1 ? view.getUint8(from + 1) : size === 2 ? view.getUint16(from + 1) : size === 4 ? view.getUint32(from + 1) : Number(view.getBigUint64(from + 1))
  let next = from + 1 + size
  switch (major) {
    case 0:
      return [number, next]
    case 1:
      return [-1 - number, next]
    case 2:
    case 3: {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + next, number)
      return [major === 2 ? bytes : new TextDecoder().decode(bytes), next + number]
    }
    case 4: {
      /** @type {unknown[]} */
      const list = []
      for (let i = 0; i < number; i++) {
        const [value, after] = valueAt(view, next)
        list.push(value)
        next = after
      }
      return [list, next]
    }
    case 5: {
      /** @type {Dictionary<unknown>} */
      const map = Object.create(null)
      for (let i = 0; i < number; i++) {
        const [key, middle] = valueAt(view, next)
        const [value, after] = valueAt(view, middle)
        map[String(key)] = value
        next = after
      }
      return [map, next]
    }
    default:
      throw new RangeError(`a value of kind ${major}`)
  }
}

/** @param {unknown} value @returns {Dictionary<any>} */
const mapOf = (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) ? value : {})

// ---------------------------------------------------------------------------------------- the spindle

/** @type {Setting} */
const setting = await (await fetch('setting.json')).json()
for (const [list, select] of /** @type {const} */ ([[setting.repositories, repository], [setting.accounts, account]]))
  for (const { did, name } of list) select.add(new Option(name, did))

/** @param {string} method @param {Dictionary<string>} query @returns {Promise<Dictionary<any>>} */
const ask = async (method, query) => (await fetch(`${setting.spindle}/xrpc/${method}?${new URLSearchParams(query)}`)).json()

/** @param {string} method @param {Dictionary<unknown>} body @param {string} done */
const call = async (method, body, done) => {
  said.textContent = 'asked …'
  const response = await fetch('call', {
    body: JSON.stringify({ as: account.value, body: { repo: repository.value, ...body }, method }),
    headers: { 'content-type': 'application/json' },
    method: 'POST'
  })
  const { error, message } = await response.json()
  said.textContent = response.ok ? done : `refused: ${error ?? response.status}: ${message}`
  await look()
}

/** A cache of hashes, by repository and commit: a commit never changes. @type {Map<string, string>} */
const hashes = new Map()

/** @param {string} commit */
const hashOf = async (commit) => {
  const key = `${repository.value} ${commit}`
  const known = hashes.get(key)
  if (known !== undefined) return known
  const { hash, message } = await ask('sh.tangled.ci.describeWorkflowDefinition', { repo: repository.value, sha: commit })
  if (hash !== undefined) hashes.set(key, hash)
  return hash ?? `unknown: ${message}`
}

// ---------------------------------------------------------------------------------------- logs

/** @type {WebSocket | null} */
let socket = null

const closeLogs = () => {
  socket?.close()
  socket = null
  logs.hidden = true
}

/** @param {Pipeline} pipeline */
const openLogs = ({ id }) => {
  closeLogs()
  logs.hidden = false
  logsOf.textContent = id
  lines.replaceChildren()
  const opened = new WebSocket(`${setting.spindle.replace('http', 'ws')}/xrpc/sh.tangled.ci.subscribePipelineLogs?pipeline=${id}`)
  socket = opened
  opened.binaryType = 'arraybuffer'
  opened.addEventListener('message', ({ data }) => {
    const view = new DataView(data)
    const [header, from] = valueAt(view, 0)
    const [body] = valueAt(view, from)
    const { content, error, message, status, workflow } = mapOf(body)
    const { op, t } = mapOf(header)
    if (op === -1) lines.append(element('span', `${error}: ${message}\n`, 'failed'))
    else if (t === '#control') lines.append(element('span', `${workflow} │ ${status}: ${content}\n`, 'step'))
    else lines.append(element('span', `${workflow} │ ${content}`))
  })
  opened.addEventListener('close', () => {
    if (socket === opened) lines.append(element('span', 'the end\n', 'cancelled'))
  })
}

// ---------------------------------------------------------------------------------------- pipelines

/** @type {string[]} */
let cursors = []

/** @param {Pipeline} pipeline @param {Pipeline | undefined} before */
const row = (pipeline, before) => {
  const { commit, createdAt, id, trigger, workflows } = pipeline
  const made = document.createElement('tr')
  made.dataset['id'] = id
  const list = document.createElement('ul')
  for (const { error, name, status } of workflows) {
    const item = document.createElement('li')
    item.append(element('code', name), ' ', element('span', status, status), error === undefined ? '' : `: ${error}`)
    list.append(item)
  }
  const definition = element('code', '…')
  void Promise.all([hashOf(commit), before === undefined ? null : hashOf(before.commit)]).then(([hash, last]) => {
    definition.textContent = `${hash.replace(/^sha256:/, '').slice(0, 12)}${last === null || last === hash ? '' : ' changed'}`
    definition.className = last === null || last === hash ? '' : 'changed'
    definition.title = hash
  })
  const actions = document.createElement('td')
  actions.append(button('logs', `logs of ${id}`, () => openLogs(pipeline)))
  if (workflows.some(({ status }) => !ENDED.includes(status)))
    actions.append(button('cancel', `cancel ${id}`, () => call('sh.tangled.ci.cancelPipeline', { pipeline: id }, 'cancelled')))
  else
    actions.append(
      button('retry', `retry ${id}`, () =>
        call('sh.tangled.ci.triggerPipeline', { trigger: { $type: 'sh.tangled.ci.trigger#manual', sha: commit, ...(trigger.ref === undefined ? {} : { ref: trigger.ref }) }, workflows: workflows.map((one) => one.id) }, 'begun again')
      )
    )
  const first = document.createElement('td')
  const sha = element('code', commit.slice(0, 10))
  sha.title = `${commit}, ${createdAt}`
  first.append(sha)
  const [second, third, fourth] = [element('td', trigger.$type.split('#')[1] ?? ''), document.createElement('td'), document.createElement('td')]
  third.append(list)
  fourth.append(definition)
  made.append(first, second, third, fourth, actions)
  return made
}

/** What is shown now. The page is redrawn only if this changes, so that nothing moves under the pointer. */
let shown = ''

const look = async () => {
  const cursor = cursors.at(-1)
  const page = await ask('sh.tangled.ci.queryPipelines', { limit: '20', repo: repository.value, ...(cursor === undefined ? {} : { cursor }) })
  const text = JSON.stringify(page)
  if (text === shown) return
  shown = text
  /** @type {Pipeline[]} */
  const pipelines = page['pipelines'] ?? []
  rows.replaceChildren(...pipelines.map((pipeline, i) => row(pipeline, pipelines[i + 1])))
  total.textContent = `${page['total'] ?? 0} in all`
  older.hidden = page['cursor'] === undefined
  older.onclick = () => {
    cursors = [...cursors, String(page['cursor'])]
    void look()
  }
}

repository.addEventListener('change', () => {
  cursors = []
  closeLogs()
  void look()
})
at('close', HTMLButtonElement).addEventListener('click', closeLogs)

const follow = async () => {
  await look().catch(() => {
    said.textContent = 'the spindle does not answer'
    shown = ''
  })
  setTimeout(follow, LOOK_MS)
}
await follow()

export {}
