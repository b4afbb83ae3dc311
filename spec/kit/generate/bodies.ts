/** Bodies of answers and calls: pages of records, and what is called for, each at the limits of its fields. */
import type { Json } from '../../../core/index.js'
import { all, type Case, of } from './cases.js'

type Fields = { readonly [key: string]: Json }

const textOf = (body: Json): string => (typeof body === 'string' ? body : JSON.stringify(body))

// ---------------------------------------------------------------------------------------- pages of records

const DID = 'did:plc:alice'
const MEMBER = 'sh.tangled.spindle.member'
const REPO = 'sh.tangled.repo'
const COLLABORATOR = 'sh.tangled.repo.collaborator'

const page = (body: Json, changes: Fields = {}): Json => ({ collection: MEMBER, cursor: null, did: DID, text: textOf(body), ...changes })
const item = (rkey = 'k', value: Json = { subject: 'did:plc:bob' }, collection = MEMBER): Json => ({ uri: `at://${DID}/${collection}/${rkey}`, value })
const member = (rkey = 'k', changes: Fields = {}): Json => ({ collection: MEMBER, record: { createdAt: '', instance: '', subject: 'did:plc:bob', ...changes }, rkey })

const listed = (name: string, body: Json, records: ReadonlyArray<Json>, next: string | null = null, changes: Fields = {}): Case =>
  of('B2')(name, page(body, changes), { next, records })

const ofCollection = (collection: string, value: Json, record: Json): Case =>
  listed(`a record of ${collection}`, { records: [item('r', value, collection)] }, [{ collection, record, rkey: 'r' }], null, { collection })

/** A page of three, of which the second is passed over. */
const skipped = (cases: { readonly [name: string]: Json }): ReadonlyArray<Case> =>
  Object.entries(cases).map(([name, one]) => listed(`${name} is passed over`, { records: [item('a'), one, item('b')] }, [member('a'), member('b')]))

export const PAGES: ReadonlyArray<Case> = [
  listed('records in their order, also of one key', { records: [item('b'), item('a'), item('b', {})] }, [member('b'), member('a'), member('b', { subject: '' })]),
  ofCollection(REPO, { knot: 'k.example', name: null, spindle: 's', x: 7 }, { createdAt: '', knot: 'k.example', name: '', repoDid: '', spindle: 's' }),
  ofCollection(COLLABORATOR, { repo: 'x', subject: 'y' }, { createdAt: '', repo: 'x', repoDid: '', subject: 'y' }),
  listed('a field that is too long is cut to one character more than is allowed', { records: [item('k', { createdAt: 'x'.repeat(70) })] }, [member('k', { createdAt: 'x'.repeat(65), subject: '' })]),
  listed('any key of a record', { records: [item('__proto__'), item('~.:-')] }, [member('__proto__'), member('~.:-')]),
  listed('a list that comes twice: the last counts', '{"records":7,"records":[]}', []),
  listed('fields that nobody knows', { records: [], total: 7 }, []),
  listed('a hundred items, none of which is a record', { cursor: 'x', records: Array.from({ length: 100 }, () => 7) }, [], 'x'),
  ...skipped({
    'a number': 7,
    'a list': [],
    null: null,
    'what has no address': { value: {} },
    'what has a number for its address': { uri: 7, value: {} },
    'a record of another account': { uri: `at://did:plc:bob/${MEMBER}/k`, value: {} },
    'a record of another collection': item('k', {}, REPO),
    'what is further down': item('k/x'),
    'a record without a key': item(''),
    'a record with a key that leads elsewhere': item('..'),
    'an address without its scheme': { uri: `${DID}/${MEMBER}/k`, value: {} },
    'an address in other letters': { uri: `AT://${DID}/${MEMBER}/k`, value: {} },
    'an address without a value': { uri: `at://${DID}/${MEMBER}/k` },
    'a value that is null': item('k', null),
    'a value that is a list': item('k', []),
    'a value with a field that is no text': item('k', { subject: 7 })
  }),
  listed('a cursor', { cursor: 'k', records: [item()] }, [member()], 'k'),
  listed('a cursor of 512 units', { cursor: 'x'.repeat(512), records: [item()] }, [member()], 'x'.repeat(512)),
  listed('a cursor that is null', { cursor: null, records: [item()] }, [member()], null, { cursor: 'k' }),
  listed('a cursor that is empty', { cursor: '', records: [item()] }, [member()]),
  listed('the cursor that was asked for', { cursor: 'k', records: [item()] }, [member()], null, { cursor: 'k' }),
  listed('another cursor than was asked for', { cursor: 'l', records: [item()] }, [member()], 'l', { cursor: 'k' }),
  listed('a cursor after no items', { cursor: 'k', records: [] }, []),
  listed('a cursor after an item that is passed over', { cursor: 'k', records: [7] }, [], 'k'),
  ...all('B2', null)({
    'no JSON': page(''),
    'half of an answer': page('{"records":['),
    'an answer that is a list': page([]),
    'an answer that is null': page('null'),
    'an answer without records': page({}),
    'records that are null': page({ records: null }),
    'records that are an object': page({ records: {} }),
    'a hundred and one items': page({ records: Array.from({ length: 101 }, () => 7) }),
    'a cursor that is a number': page({ cursor: 7, records: [] }),
    'a cursor that is a list': page({ cursor: [], records: [] }),
    'a cursor of 513 units': page({ cursor: 'x'.repeat(513), records: [] }),
    'a cursor that is no well-formed text': page('{"cursor":"\\ud800","records":[]}')
  })
]

// ---------------------------------------------------------------------------------------- calls

const CANCEL = 'sh.tangled.ci.cancelPipeline'
const TRIGGER = 'sh.tangled.ci.triggerPipeline'
const APP = 'did:plc:app'
const ID = '3mbd3542k2222'
const SHA = 'a'.repeat(40)

const cancel = (changes: Fields = {}): Json => ({ method: CANCEL, text: textOf({ pipeline: ID, repo: APP, ...changes }) })
const manual = (fields: Fields = {}, changes: Fields = {}): Json => ({
  method: TRIGGER,
  text: textOf({ repo: APP, trigger: { $type: 'sh.tangled.ci.trigger#manual', sha: SHA, ...fields }, ...changes })
})

const cancels = (workflows: Json = null): Json => ({ _tag: 'CancelPipeline', pipeline: ID, repo: APP, workflows })
const triggers = (cause: Fields = {}, workflows: Json = null): Json => ({
  _tag: 'TriggerPipeline',
  cause: { _tag: 'Manual', inputs: [], ref: null, sha: SHA, ...cause },
  repo: APP,
  workflows
})

const FIFTY = Array.from({ length: 50 }, (_, i) => `${String(i)}.yml`)

const called = (name: string, input: Json, output: Json): Case => of('T7')(name, input, output)

export const CALLS: ReadonlyArray<Case> = [
  called('a pipeline to be cancelled', cancel(), cancels()),
  called('the trigger of a call that cancels is not read', cancel({ trigger: 7 }), cancels()),
  called('no workflows, by null', cancel({ workflows: null }), cancels()),
  called('no workflows, by an empty text', cancel({ workflows: '' }), cancels()),
  called('no workflows, by an empty list', cancel({ workflows: [] }), cancels()),
  called('workflows in their order, also one that comes twice', cancel({ workflows: ['b', 'a', 'b'] }), cancels(['b', 'a', 'b'])),
  called('fifty workflows', cancel({ workflows: FIFTY }), cancels(FIFTY)),
  called('a name of 100 characters', cancel({ workflows: ['x'.repeat(100)] }), cancels(['x'.repeat(100)])),
  called('a commit to be built', manual(), triggers()),
  called('the pipeline of a call that triggers is not read', manual({}, { pipeline: 7 }), triggers()),
  called('a commit of SHA-256', manual({ sha: 'b'.repeat(64) }), triggers({ sha: 'b'.repeat(64) })),
  called('forty zeros stand for the head', manual({ sha: '0'.repeat(40) }), triggers({ sha: null })),
  called('sixty-four zeros stand for the head', manual({ sha: '0'.repeat(64) }), triggers({ sha: null })),
  called('a ref, inputs and workflows', manual({ inputs: [{ key: 'a', value: 'b' }, { key: 'a' }], ref: 'refs/heads/x' }, { workflows: ['ci.yml'] }), triggers({ inputs: [['a', 'b'], ['a', '']], ref: 'refs/heads/x' }, ['ci.yml'])),
  called('a ref that is empty', manual({ inputs: '', ref: '' }), triggers()),
  called('a trigger whose source is the repository itself', manual({ sourceRepo: APP }), triggers()),
  called('a trigger whose source is null', manual({ sourceRepo: null }), triggers()),
  called('a trigger whose source is empty', manual({ sourceRepo: '' }), triggers()),
  called('fields that nobody knows', manual({ x: 7 }, { x: 7 }), triggers()),
  ...all('T7', null)({
    'no JSON': { method: CANCEL, text: '' },
    'a list': { method: CANCEL, text: '[]' },
    null: { method: CANCEL, text: 'null' },
    'no repository': cancel({ repo: null }),
    'a repository by its name': cancel({ repo: 'app' }),
    'no pipeline': cancel({ pipeline: null }),
    'a pipeline that is no TID': cancel({ pipeline: '0000000000000' }),
    'fifty-one workflows': cancel({ workflows: [...FIFTY, '50.yml'] }),
    'workflows that are a text': cancel({ workflows: 'ci.yml' }),
    'a workflow that is no text': cancel({ workflows: [7] }),
    'a workflow in a folder': cancel({ workflows: ['a/b'] }),
    'a workflow without a name': cancel({ workflows: [''] }),
    'a name of 101 characters': cancel({ workflows: ['x'.repeat(101)] }),
    'no trigger': manual({}, { trigger: null }),
    'a trigger of another kind': manual({ $type: 'sh.tangled.ci.trigger#push' }),
    'a trigger without a kind': manual({ $type: null }),
    'no commit': manual({ sha: null }),
    'a commit that is empty': manual({ sha: '' }),
    'a commit in capitals': manual({ sha: 'A'.repeat(40) }),
    'a ref with a blank in it': manual({ ref: 'a b' }),
    'inputs that are an object': manual({ inputs: { a: 'b' } }),
    'an input without a key': manual({ inputs: [{ value: 'b' }] }),
    'a trigger whose source is a fork': manual({ sourceRepo: 'did:plc:fork' }),
    'a trigger whose source is a number': manual({ sourceRepo: 7 })
  })
]
