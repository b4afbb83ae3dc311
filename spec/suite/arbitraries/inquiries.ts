/** What may be said about who may push to a repository: by knots of today and of before, honest ones and others, each answer with what it means. */
import fc from 'fast-check'
import type { Access, Did, HostName } from '../../../core/index.js'
import type { Facts, Meant } from '../laws/inquiry.js'
import { weighted } from './data.js'

const KNOT = 'knot.example' as HostName
const APP = 'did:plc:app' as Did
const PEOPLE = ['did:plc:owner', 'did:plc:alice', 'did:plc:bob', 'did:web:carol.example'].map((did) => did as Did)

const answered = (status: number, body: unknown, waitMs = 0): Access.InquiryAnswer => ({
  _tag: 'Answered',
  status,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  waitMs
})

const means = <M>(meaning: M | 'unknown', status: number, body: unknown): Meant<M> => ({ meaning, said: answered(status, body) })

/** What nobody can read, whatever was asked. */
const unread: fc.Arbitrary<Meant<never>> = fc.oneof(
  fc.nat(60_000).map((waitMs): Meant<never> => ({ meaning: 'unknown', said: { _tag: 'Unanswered', error: 'no answer', waitMs } })),
  fc.constantFrom(...['', '<html>', '[]', 'null', '7', '"knot-acl"', '{"id":'].map((text) => means<never>('unknown', 200, text))),
  fc.constantFrom(...[302, 401, 403, 429, 500, 503].map((status): Meant<never> => ({ meaning: 'unknown', said: answered(status, { error: 'RepoNotFound' }, 7_000) })))
)

const gone = fc.constantFrom(400, 404, 405, 410, 426, 501)

const versions: fc.Arbitrary<Facts['version']> = fc.oneof(
  { arbitrary: fc.constantFrom(means<'lists' | 'none'>('lists', 200, { capabilities: ['knot-acl'] }), means<'lists' | 'none'>('lists', 200, { capabilities: [7, 'knot-acl'], version: 1 })), weight: 8 },
  { arbitrary: fc.constantFrom(means<'lists' | 'none'>('none', 200, { version: '1.11' }), means<'lists' | 'none'>('none', 200, { capabilities: {} })), weight: 2 },
  { arbitrary: gone.map((status) => means<'lists' | 'none'>('none', status, 'not found')), weight: 1 },
  { arbitrary: unread, weight: 1 }
)

const service = (serviceEndpoint: unknown, id = '#tangled_knot') => ({ id, serviceEndpoint, type: 'TangledKnot' })
const document = (...services: ReadonlyArray<unknown>) => ({ id: APP, service: services })

type Document = Facts['document']
const says = (meaning: Document['meaning'], body: unknown): Document => ({ meaning, said: answered(200, body) })

const documents: fc.Arbitrary<Document> = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      says('here', document(service(`https://${KNOT}`))),
      says('here', document(null, service('https://other.example', '#other'), service('https://Knot.example./', `${APP}#tangled_knot`)))
    ),
    weight: 8
  },
  { arbitrary: fc.constantFrom(says('elsewhere', document(service('https://other.example'), service(`https://${KNOT}`)))), weight: 1 },
  {
    arbitrary: fc.constantFrom<Document>(
      says('none', document()),
      says('none', { id: APP }),
      says('none', document(service('https://127.0.0.1'))),
      { meaning: 'none', said: { _tag: 'Missing', detail: 'there is none' } }
    ),
    weight: 2
  },
  { arbitrary: fc.oneof(unread, fc.constantFrom(says('unknown', { id: 'did:plc:other' }), says('unknown', { id: APP, service: 7 }))), weight: 1 }
)

type Description = Facts['description']

const descriptions: fc.Arbitrary<Description> = fc.oneof(
  { arbitrary: fc.constantFrom(...PEOPLE).map((ownerDid): Description => means(ownerDid, 200, { ownerDid, repoDid: APP })), weight: 8 },
  { arbitrary: gone.map((status): Description => means<Did | 'notFound'>('notFound', status, { error: 'RepoNotFound' })), weight: 1 },
  {
    arbitrary: fc.oneof(
      unread,
      gone.map((status): Description => means<Did | 'notFound'>('unknown', status, { error: 'MethodNotFound' })),
      fc.constantFrom<Description>(means<Did | 'notFound'>('unknown', 200, { ownerDid: PEOPLE[0], repoDid: 'did:plc:other' }), means<Did | 'notFound'>('unknown', 200, { ownerDid: 'alice.example', repoDid: APP }))
    ),
    weight: 1
  }
)

const subjects = fc.array(fc.constantFrom(...PEOPLE), { maxLength: 3, minLength: 1 })

const lists: fc.Arbitrary<Facts['pages']> = fc.array(fc.oneof({ arbitrary: subjects, weight: 12 }, { arbitrary: unread, weight: 1 }), { maxLength: 8 }).map((drawn) =>
  [...drawn, []].map((one, i): Facts['pages'][number] =>
    'said' in one ? one : means(one, 200, { items: [...one.map((subject) => ({ subject })), { subject: 'nobody' }].slice(0, one.length === 0 ? 0 : undefined), ...(i === drawn.length ? {} : { cursor: `c${String(i)}` }) })
  )
)

/** What is said of a repository on a knot, question by question. */
export const facts: fc.Arbitrary<Facts> = fc.record(
  { description: descriptions, document: documents, pages: lists, repo: weighted<Facts['repo']>([20, APP], [1, '']), version: versions },
  { noNullPrototype: true }
)
