/** Who may push, found out: the cases of the vectors, one by one, and the sentences that operators read. */
import { describe, expect, test } from 'vitest'
import { Access, hostOfService, type HostName } from '../../core/index.js'
import { INQUIRIES } from '../kit/generate/inquiries.js'
import { SUBJECT } from '../kit/subjects.js'

test.each(INQUIRIES.map(({ expected, input, name }) => [name, input, expected] as const))('%s', (_, input, expected) => {
  const course = SUBJECT.inquiry(input)
  expect(course instanceof Array ? course.at(-1) : course).toEqual(expected)
})

const KNOT = 'knot.example'
const APP = 'did:plc:app'
const about: Access.InquiryAbout = { hosts: { defaultPort: 443, loopback: false, ports: false }, knot: KNOT as HostName, repo: APP }

const answered = (status: number, body: unknown): Access.InquiryAnswer => ({ _tag: 'Answered', status, text: JSON.stringify(body), waitMs: 0 })
const version = answered(200, { capabilities: ['knot-acl'] })
const document = (serviceEndpoint: string): Access.InquiryAnswer => answered(200, { id: APP, service: [{ id: '#tangled_knot', serviceEndpoint, type: 'TangledKnot' }] })
const here = document(`https://${KNOT}`)
const owned = answered(200, { ownerDid: 'did:plc:owner', repoDid: APP })
const page = (cursor: string): Access.InquiryAnswer => answered(200, { cursor, items: [{ subject: 'did:plc:bob' }] })

const sentenceOf = (said: ReadonlyArray<Access.InquiryAnswer>): string | null => {
  const last = said.reduce((inquiry, one) => Access.afterAnswer(about, inquiry, one), Access.inquiry(APP))
  if (last._tag === 'Unread') return last.error
  return last._tag === 'Found' && last.access._tag === 'Denied' ? last.access.detail : null
}

test.each<readonly [sentence: string, said: ReadonlyArray<Access.InquiryAnswer>]>([
  ['knot.example answered 500 to sh.tangled.knot.version', [answered(500, '')]],
  ['knot.example: its version is not an object', [answered(200, '')]],
  ['there is no document', [version, { _tag: 'Missing', detail: 'there is no document' }]],
  ['no answer', [version, { _tag: 'Unanswered', error: 'no answer', waitMs: 0 }]],
  ['did:plc:app: the document is for another DID', [version, answered(200, { id: 'did:plc:other' })]],
  ['did:plc:app: the document names no knot', [version, answered(200, { id: APP })]],
  ['did:plc:app: the knot in its document is not a host name', [version, document('knot.example')]],
  ['did:plc:app: 500 instead of its DID document', [version, answered(500, '')]],
  ['its DID document names other.example', [version, document('https://other.example')]],
  ['knot.example answered 500 to sh.tangled.repo.describeRepo', [version, here, answered(500, '')]],
  ['knot.example answered 404 to sh.tangled.repo.describeRepo', [version, here, answered(404, '')]],
  ['knot.example: ownerDid is not a DID', [version, here, answered(200, { repoDid: APP })]],
  ['knot.example does not know the repository', [version, here, answered(404, { error: 'RepoNotFound' })]],
  ['knot.example answered 404 to sh.tangled.repo.listCollaborators', [version, here, owned, answered(404, '')]],
  ['knot.example: the list of collaborators: items is not a list', [version, here, owned, answered(200, {})]],
  ['knot.example: the list of collaborators is too long', [version, here, owned, ...['1', '2', '3', '4', '5', '6'].map(page)]]
])('%s', (sentence, said) => {
  expect(sentenceOf(said)).toBe(sentence)
})

test('a sentence of others is cut', () => {
  expect(sentenceOf([{ _tag: 'Unanswered', error: 'x'.repeat(200), waitMs: 0 }])).toHaveLength(121)
})

describe('the host of a server', () => {
  test.each<readonly [string, boolean, string | null]>([
    ['https://knot.example', false, 'knot.example'],
    ['https://knot.example:443/', false, 'knot.example'],
    ['https://knot.example:80/', false, null],
    ['xhttps://knot.example', false, null],
    ['https://knot.example//', false, null],
    ['https://knot.example\n', false, null],
    ['http://knot.example', false, null],
    ['http://knot.example:80', true, 'knot.example'],
    ['HTTP://knot.example/', true, 'knot.example'],
    ['xhttp://knot.example', true, null],
    ['http://knot.example/x', true, null]
  ])('of %j, with names of this machine: %s', (address, loopback, host) => {
    const found = hostOfService({ ...about.hosts, loopback })(address)
    expect(found).toEqual(host === null ? { _tag: 'None' } : { _tag: 'Some', value: host })
  })
})
