/** Who may push, found out: every answer that decides, and every one that cannot be read, at its limits. */
import type { Json } from '../../../core/index.js'
import { all, type Case, of } from './cases.js'

const KNOT = 'knot.example'
const APP = 'did:plc:app'
const PUBLIC = { defaultPort: 443, loopback: false, ports: false }
const LOCAL = { defaultPort: 80, loopback: true, ports: true }
const LOCAL_WITHOUT_PORTS = { defaultPort: 443, loopback: true, ports: false }

type Answer = { readonly [field: string]: Json }

const answered = (status: number, body: Json, waitMs = 0): Answer => ({ _tag: 'Answered', status, text: typeof body === 'string' ? body : JSON.stringify(body), waitMs })
const ok = (body: Json): Answer => answered(200, body)
const missing: Answer = { _tag: 'Missing', detail: 'there is none' }
const unanswered: Answer = { _tag: 'Unanswered', error: 'no answer', waitMs: 7_000 }

const KEEPS = ok({ capabilities: ['repo-did-input', 'knot-acl'], version: '1.15' })
const OLD = ok({ version: '1.11' })

const service = (serviceEndpoint: Json, changes: Answer = {}): Json => ({ id: '#tangled_knot', serviceEndpoint, type: 'TangledKnot', ...changes })
const document = (...services: ReadonlyArray<Json>): Answer => ok({ id: APP, service: services })
const HERE = document(service(`https://${KNOT}`))
const ELSEWHERE = document(service('https://other.example'))

const OWNED = ok({ ownerDid: 'did:plc:owner', repoDid: APP, rkey: 'app' })
const page = (subjects: ReadonlyArray<Json>, cursor: Json = null): Answer => ok({ items: subjects.map((subject) => ({ subject })), ...(cursor === null ? {} : { cursor }) })

const about = (said: ReadonlyArray<Answer>, repo = APP, hosts: Json = PUBLIC): Json => ({ hosts, knot: KNOT, repo, said })

const denied = (keepsLists: boolean): Json => ({ _tag: 'Found', access: { _tag: 'Denied', keepsLists } })
const DENIED = denied(true)
const BY_RECORDS = { _tag: 'Found', access: { _tag: 'ByRecords' } }
const found = (...collaborators: ReadonlyArray<string>): Json => ({ _tag: 'Found', access: { _tag: 'ByKnot', collaborators, owner: 'did:plc:owner' } })
const unread = (waitMs = 0): Json => ({ _tag: 'Unread', waitMs })
const ASK_DESCRIPTION = { _tag: 'AskDescription' }

const cases = (expected: Json, named: { readonly [name: string]: ReadonlyArray<Answer> }): ReadonlyArray<Case> =>
  all('T2', expected)(Object.fromEntries(Object.entries(named).map(([name, said]) => [name, about(said)])))

const onDocument = (expected: Json, named: { readonly [name: string]: Answer }): ReadonlyArray<Case> =>
  cases(expected, Object.fromEntries(Object.entries(named).map(([name, said]) => [name, [KEEPS, said]])))

const onDescription = (expected: Json, named: { readonly [name: string]: Answer }): ReadonlyArray<Case> =>
  cases(expected, Object.fromEntries(Object.entries(named).map(([name, said]) => [name, [KEEPS, HERE, said]])))

const onList = (expected: Json, named: { readonly [name: string]: ReadonlyArray<Answer> }): ReadonlyArray<Case> =>
  cases(expected, Object.fromEntries(Object.entries(named).map(([name, said]) => [name, [KEEPS, HERE, OWNED, ...said]])))

const pages = (count: number): ReadonlyArray<Answer> => Array.from({ length: count }, (_, i) => page([`did:plc:p${String(i)}`], i === count - 1 ? null : String(i)))

export const INQUIRIES: ReadonlyArray<Case> = [
  of('T2')('a repository without a DID is asked about nowhere', about([], ''), BY_RECORDS),
  of('T2')('what is over stays as it is', about([KEEPS], ''), BY_RECORDS),
  ...cases({ _tag: 'AskVersion' }, { 'the knot is asked first what it can do': [] }),
  ...cases({ _tag: 'AskDocument' }, {
    'a knot that keeps lists': [KEEPS],
    'a knot of before': [OLD],
    'a knot that names its capabilities in a text': [ok({ capabilities: 'knot-acl' })],
    'a knot that does not have the method': [answered(404, 'not found')],
    'a knot that calls it no request': [answered(400, '')],
    'a knot that lets nobody ask so': [answered(405, '')],
    'a knot that has it no more': [answered(410, '')],
    'a knot that wants to upgrade': [answered(426, '')],
    'a knot that has not made it yet': [answered(501, '')]
  }),
  ...cases(unread(), {
    'a version that is no JSON': [ok('<html>')],
    'a version that is a list': [ok([])],
    'a version that is elsewhere': [answered(302, '')],
    'a version that is missing, says somebody else': [missing]
  }),
  ...cases(unread(7_000), { 'no answer, and a wait': [unanswered], 'a knot that wants to be left alone': [answered(429, '', 7_000)] }),

  ...cases(BY_RECORDS, {
    'a knot of before, of a repository of its own': [OLD, HERE],
    'a knot of before, of a repository without a document': [OLD, missing],
    'a knot of before, of one whose document names none': [OLD, document()],
    'a knot of before, of one whose document names no host': [OLD, document(service('https://10.0.0.1'))]
  }),
  ...cases(denied(false), { 'a knot of before, of a repository of another': [OLD, ELSEWHERE] }),
  ...cases(unread(), { 'a knot of before, of one whose document cannot be read': [OLD, ok('<html>')] }),

  ...onDocument(ASK_DESCRIPTION, {
    'a document that names the knot': HERE,
    'a document that names it in full': document(service(`https://${KNOT}`, { id: `${APP}#tangled_knot` })),
    'a document that names it last': document('x', service('https://other.example', { type: 'Other' }), service('https://other.example', { id: '#other' }), service(7), service(`https://${KNOT}`)),
    'a document that names it in other letters': document(service('HTTPS://Knot.Example.')),
    'a document that names it with a slash': document(service(`https://${KNOT}/`)),
    'a document that names the port anyhow': document(service(`https://${KNOT}:443/`)),
    'a document that names it first': document(service(`https://${KNOT}`), service('https://other.example'))
  }),
  ...onDocument(DENIED, {
    'a document that names another knot': ELSEWHERE,
    'a document that names another first': document(service('https://other.example'), service(`https://${KNOT}`)),
    'there is no document': missing,
    'a document without services': ok({ id: APP }),
    'a document that names none': document(),
    'a document that names it over http': document(service(`http://${KNOT}`)),
    'a document that names a path': document(service(`https://${KNOT}/git`)),
    'a document that names a name alone': document(service(KNOT)),
    'a document that names a port': document(service(`https://${KNOT}:8443`)),
    'a document that names somebody at a host': document(service(`https://x@${KNOT}`)),
    'a document that names nothing': document(service('https://'))
  }),
  ...onDocument(unread(), {
    'a document that is no JSON': ok(''),
    'a document that is a text': ok('"x"'),
    'a document of another DID': ok({ id: 'did:plc:other', service: [service(`https://${KNOT}`)] }),
    'a document whose services are no list': ok({ id: APP, service: service(`https://${KNOT}`) }),
    'a document that cannot be had': answered(500, '', 7_000),
    'a good document under another status': { ...HERE, status: 404 }
  }),
  ...onDocument(unread(7_000), { 'nobody has a document': unanswered }),
  of('T2')('over http, where names of this machine are names', about([KEEPS, document(service(`http://${KNOT}`))], APP, LOCAL), ASK_DESCRIPTION),
  of('T2')('over http with its port, where names of this machine are names', about([KEEPS, document(service(`http://${KNOT}:80/`))], APP, LOCAL), ASK_DESCRIPTION),
  of('T2')('with another port, where ports are names', about([KEEPS, document(service(`http://${KNOT}:8080`))], APP, LOCAL), DENIED),
  of('T2')('over https with the port of http', about([KEEPS, document(service(`https://${KNOT}:80`))], APP, LOCAL_WITHOUT_PORTS), DENIED),
  of('T2')('over http with the port of https', about([KEEPS, document(service(`http://${KNOT}:443`))], APP, LOCAL_WITHOUT_PORTS), DENIED),

  ...onDescription({ _tag: 'AskCollaborators', cursor: null }, { 'the knot says whose it is': OWNED }),
  ...onDescription(DENIED, {
    'the knot does not know it': answered(404, { error: 'RepoNotFound', message: 'failed to access repository' }),
    'the knot does not know it, and calls it no request': answered(400, { error: 'RepoNotFound' }),
    'the knot does not know it, and says so like an answer': ok({ error: 'RepoNotFound', ownerDid: 'did:plc:owner', repoDid: APP })
  }),
  ...onDescription(unread(), {
    'the knot does not have the method': answered(404, { error: 'MethodNotFound' }),
    'the knot says it in prose': answered(404, '"error":"RepoNotFound"'),
    'the knot says it of something inside': answered(404, { cause: { error: 'RepoNotFound' } }),
    'the knot says whose it is, and that it is not there': answered(404, { ownerDid: 'did:plc:owner', repoDid: APP }),
    'the knot describes another': ok({ ownerDid: 'did:plc:owner', repoDid: 'did:plc:other' }),
    'the knot says of none what it describes': ok({ ownerDid: 'did:plc:owner' }),
    'the knot names an owner by a handle': ok({ ownerDid: 'owner.example', repoDid: APP }),
    'the knot names no owner': ok({ repoDid: APP }),
    'a description that is no JSON': ok('x'),
    'a description that is missing, says somebody else': missing
  }),
  ...onDescription(unread(7_000), {
    'the knot breaks': answered(500, { error: 'RepoNotFound' }, 7_000),
    'nobody describes it': unanswered
  }),

  ...onList(found(), { 'nobody else may push': [page([])], 'an end, wherever the next may begin': [page([], '1')], 'nobody of it is somebody': [page(['bob', 7, null, `did:web:${'a'.repeat(263)}`])] }),
  ...onList(found('did:plc:bob', 'did:plc:alice', 'did:plc:bob'), { 'as the knot says it': [page(['did:plc:bob', 'did:plc:alice', 'did:plc:bob'])] }),
  ...onList(found(`did:web:${'a'.repeat(262)}`), { 'a DID of 270 characters': [page([`did:web:${'a'.repeat(262)}`])] }),
  ...onList({ _tag: 'AskCollaborators', cursor: '1' }, { 'more follow': [page(['did:plc:bob'], '1')] }),
  ...onList(found('did:plc:bob', 'did:plc:alice'), {
    'all pages': [page(['did:plc:bob'], '1'), page(['did:plc:alice'])],
    'a page whose next is itself is the last': [page(['did:plc:bob'], '1'), page(['did:plc:alice'], '1')],
    'a page whose next has no name is the last': [page(['did:plc:bob'], '1'), page(['did:plc:alice'], '')]
  }),
  ...onList(found('did:plc:p0', 'did:plc:p1', 'did:plc:p2', 'did:plc:p3', 'did:plc:p4', 'did:plc:p5'), { 'a list of six pages': pages(6) }),
  ...onList({ _tag: 'AskCollaborators', cursor: 'x'.repeat(512) }, { 'a cursor of 512 characters': [page(['did:plc:bob'], 'x'.repeat(512))] }),
  ...onList(unread(), {
    'a list of seven pages': pages(7).slice(0, 6),
    'a list that is not there': [answered(404, 'x')],
    'a list that is no JSON': [ok('x')],
    'a list of nothing': [ok({ items: {} })],
    'a list of 101': [page(Array.from({ length: 101 }, () => 'did:plc:bob'))],
    'a cursor of 513 characters': [page(['did:plc:bob'], 'x'.repeat(513))],
    'a cursor that is a number': [page(['did:plc:bob'], 7)],
    'a cursor that is no text': [ok('{"cursor":"\\ud800","items":[]}')],
    'a page that is missing, says somebody else': [missing]
  }),
  ...onList(unread(7_000), {
    'a list that breaks off': [page(['did:plc:bob'], '1'), unanswered],
    'a list that is too much to ask for': [answered(429, '', 7_000)]
  })
]
