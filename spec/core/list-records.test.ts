/** Accounts' records as their servers list them, and DID documents: what is taken, what is passed over, and what is refused. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeDidDocument, decodeListRecords, Did, type ListAsked } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const DID = 'did:plc:alice'
const did = (): Did => must(Did.decode(DID))

describe('a page of records', () => {
  const MEMBER = 'sh.tangled.spindle.member'
  const asked = (changes: Partial<ListAsked> = {}): ListAsked => ({ collection: MEMBER, cursor: null, did: did(), ...changes })
  const uri = (rkey: string, collection: string = MEMBER) => `at://${DID}/${collection}/${rkey}`
  const decode = (page: unknown, changes: Partial<ListAsked> = {}) =>
    decodeListRecords(asked(changes))(typeof page === 'string' ? page : JSON.stringify(page))

  const item = (rkey = 'k', value: unknown = { subject: 'did:plc:bob' }) => ({ cid: 'bafy', uri: uri(rkey), value })
  const member = (rkey = 'k') => ({
    collection: MEMBER,
    record: { createdAt: '', instance: '', subject: 'did:plc:bob' },
    rkey
  })

  test('is read for each collection', () => {
    expect(decode({ records: [item('a'), item('b')] })).toEqual(E.right({ next: null, records: [member('a'), member('b')], rejected: 0 }))
    const collection = 'sh.tangled.repo'
    expect(
      decode({ records: [{ uri: uri('r', collection), value: { knot: 'k.example', name: 'n', spindle: 's' } }] }, { collection })
    ).toEqual(
      E.right({
        next: null,
        records: [{ collection, record: { createdAt: '', knot: 'k.example', name: 'n', repoDid: '', spindle: 's' }, rkey: 'r' }],
        rejected: 0
      })
    )
    const collaborator = 'sh.tangled.repo.collaborator'
    expect(
      decode({ records: [{ uri: uri('c', collaborator), value: { repo: 'x', subject: 'y' } }] }, { collection: collaborator })
    ).toEqual(
      E.right({
        next: null,
        records: [{ collection: collaborator, record: { createdAt: '', repo: 'x', repoDid: '', subject: 'y' }, rkey: 'c' }],
        rejected: 0
      })
    )
  })

  test.each<readonly [string, unknown, string]>([
    ['no JSON', '', 'not JSON'],
    ['half of one', '{"records":[', 'not JSON'],
    ['a list', [], 'not an object'],
    ['null', null, 'not an object'],
    ['text', '"x"', 'not an object'],
    ['no records', {}, 'records is not a list'],
    ['records that are none', { records: {} }, 'records is not a list'],
    ['too many records', { records: Array.from({ length: 101 }, () => 7) }, 'more records than were asked for'],
    ['a cursor that is no text', { cursor: 7, records: [] }, 'cursor is not well-formed'],
    ['a cursor that is a list', { cursor: ['x'], records: [item()] }, 'cursor is not well-formed'],
    ['a cursor that is too long', { cursor: 'x'.repeat(513), records: [item()] }, 'cursor is not well-formed'],
    ['a cursor that cannot be sent back', '{"cursor":"\\ud800","records":[]}', 'cursor is not well-formed']
  ])('is refused: %s', (_, page, why) => {
    expect(decode(page)).toEqual(E.left(why))
  })

  test('is accepted with a hundred records', () => {
    const page = decode({ records: Array.from({ length: 100 }, (_, i) => item(String(i))) })
    expect(E.isRight(page) && page.right.records.length).toBe(100)
  })

  test.each<readonly [string, string, unknown, Partial<ListAsked>]>([
    ['not text', MEMBER, 7, {}],
    ['missing', MEMBER, undefined, {}],
    ['of another account', MEMBER, 'at://did:plc:bob/sh.tangled.spindle.member/k', {}],
    ['of another collection', MEMBER, uri('k', 'sh.tangled.repo'), {}],
    ['of something further down', MEMBER, uri('k/x'), {}],
    ['without a key', MEMBER, uri(''), {}],
    ['with a key that leads elsewhere', MEMBER, uri('..'), {}],
    ['without its scheme', MEMBER, uri('k').slice(5), {}]
  ])('a record whose address is %s is skipped, and the others are not', (_, __, address) => {
    expect(decode({ records: [item('a'), { uri: address, value: {} }, item('b')] })).toEqual(
      E.right({ next: null, records: [member('a'), member('b')], rejected: 1 })
    )
  })

  test.each<readonly [ListAsked['collection'], unknown]>([
    [MEMBER, { subject: 7 }],
    [MEMBER, null],
    [MEMBER, undefined],
    ['sh.tangled.repo', { name: [] }],
    ['sh.tangled.repo.collaborator', { repo: {} }]
  ])('a bad record of %s is skipped', (collection, value) => {
    expect(decode({ records: [{ uri: uri('k', collection), value }, 7, null] }, { collection })).toEqual(
      E.right({ next: null, records: [], rejected: 3 })
    )
  })

  test.each<readonly [string, unknown, string | null, string | null]>([
    ['is where it says', 'k', null, 'k'],
    ['may be as long as this', 'x'.repeat(512), null, 'x'.repeat(512)],
    ['is not there', undefined, null, null],
    ['is not there when it is empty', '', null, null],
    ['is not there when it is null', null, 'k', null],
    ['is not the one that was asked for', 'k', 'k', null],
    ['is another one', 'l', 'k', 'l']
  ])('the next page %s', (_, cursor, before, next) => {
    expect(decode({ cursor, records: [item()] }, { cursor: before })).toEqual(E.right({ next, records: [member()], rejected: 0 }))
  })

  test('ends the list when it has no records, but not when it has only bad ones', () => {
    expect(decode({ cursor: 'k', records: [] })).toEqual(E.right({ next: null, records: [], rejected: 0 }))
    expect(decode({ cursor: 'k', records: [7] })).toEqual(E.right({ next: 'k', records: [], rejected: 1 }))
  })

  test('may have any key in an object', () => {
    expect(decode({ records: [item('__proto__'), item('constructor')] })).toEqual(
      E.right({ next: null, records: [member('__proto__'), member('constructor')], rejected: 0 })
    )
    expect(decode('{"__proto__":{"records":[]}}')).toEqual(E.left('records is not a list'))
  })
})

describe('a DID document', () => {
  const service = (changes: object = {}) => ({
    id: '#atproto_pds',
    type: 'AtprotoPersonalDataServer',
    serviceEndpoint: 'https://pds.example',
    ...changes
  })
  const decode = (document: unknown) => decodeDidDocument(did())(typeof document === 'string' ? document : JSON.stringify(document))

  test('names the server', () => {
    expect(decode({ id: DID, service: [service()] })).toEqual(E.right('https://pds.example'))
    expect(decode({ id: DID, service: [service({ id: `${DID}#atproto_pds` })] })).toEqual(E.right('https://pds.example'))
  })

  test('may name other services too, of which the first server counts', () => {
    const services = [
      7,
      null,
      service({ id: '#atproto_labeler', serviceEndpoint: 'https://1.example' }),
      service({ id: 'did:plc:bob#atproto_pds', serviceEndpoint: 'https://2.example' }),
      service({ type: 'Other', serviceEndpoint: 'https://3.example' }),
      service({ serviceEndpoint: { uri: 'https://4.example' } }),
      service({ serviceEndpoint: 'https://5.example' }),
      service({ serviceEndpoint: 'https://6.example' })
    ]
    expect(decode({ id: DID, service: services })).toEqual(E.right('https://5.example'))
  })

  test.each<readonly [unknown, string]>([
    ['', 'the document is not JSON'],
    ['[]', 'the document is not an object'],
    ['null', 'the document is not an object'],
    [{}, 'the document is for another DID'],
    [{ id: 'did:plc:bob', service: [service()] }, 'the document is for another DID'],
    [{ id: DID }, 'the document names no server for records'],
    [{ id: DID, service: {} }, 'the document has no list of services'],
    [{ id: DID, service: service() }, 'the document has no list of services'],
    [{ id: DID, service: [] }, 'the document names no server for records'],
    [{ id: DID, service: [service({ id: 7 })] }, 'the document names no server for records']
  ])('%j is refused', (document, why) => {
    expect(decode(document)).toEqual(E.left(why))
  })
})
