/** Cases of frames of knots: each reason to reject one, and above all how `created` is read from the text. */
import { all, type Case } from './cases.js'

const AT = 1_767_225_601_000_000
const NSID = 'sh.tangled.git.refUpdate'

const frames = (kind: string, texts: { readonly [name: string]: string }): ReadonlyArray<Case> =>
  all('', kind)(Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { at: AT, connection: 1, host: 'knot.example', text }])))

/** A frame with the rest of its keys in `more`. */
const frame = (more: string): string => `{"rkey":"self","nsid":"${NSID}"${more === '' ? '' : ','}${more}}`
const created = (source: string): string => frame(`"created":${source}`)
const keys = (nsid: string, rkey: string): string => `{"nsid":${nsid},"rkey":${rkey}}`

const label = (length: number): string => 'a'.repeat(length)
const LONGEST = `${[label(63), label(63), label(63), label(63)].join('.')}.${label(61)}`

const told = (fields: string): string => `{"created":17,"nsid":"sh.tangled.repo.collaboratorUpdate","rkey":"self","event":${fields}}`

export const KNOT: ReadonlyArray<Case> = [
  ...frames('CollaboratorUpdated', {
    'somebody may push': told('{"op":"add","repo":"did:plc:app","subject":"did:plc:bob"}'),
    'somebody may push no more': told('{"op":"remove","repo":"did:plc:app","subject":"did:plc:bob"}'),
    'a change with keys that we do not know': told('{"op":"add","repo":"did:plc:app","subject":"did:plc:bob","addedBy":7}')
  }),
  ...frames('KnotReceived', {
    'a change that is neither': told('{"op":"Add","repo":"did:plc:app","subject":"did:plc:bob"}'),
    'a change of no repository': told('{"op":"add","repo":"app","subject":"did:plc:bob"}'),
    'a change of nobody': told('{"op":"remove","repo":"did:plc:app"}'),
    'a change that is no object': told('[]')
  }),
  ...frames('KnotReceived', {
    'no created': frame(''),
    'created null': created('null'),
    'a stamp': created('1767225600000000001'),
    'one nanosecond later': created('1767225600000000002'),
    '0': created('0'),
    '2⁵³ and 1': created('9007199254740993'),
    '2⁶³−1': created('9223372036854775807'),
    'blanks around it': frame('"created" :\n\t 17 '),
    'blanks around everything': ` { "nsid" : "${NSID}" , "created" : 17 , "rkey" : "self" } `,
    'created comes first': `{"created":17,"nsid":"${NSID}","rkey":"self"}`,
    'created twice: the last': frame('"created":1,"created":2'),
    'created twice, the first no stamp': frame('"created":"1","created":2'),
    'created twice, the last null': frame('"created":1,"created":null'),
    'an escaped key': frame('"cre\\u0061ted":17'),
    'a key escaped throughout': frame('"\\u0063\\u0072\\u0065\\u0061\\u0074\\u0065\\u0064":17'),
    'an escaped key after one that is not': frame('"created":1,"cre\\u0061ted":2'),
    'a key that is not escaped after one that is': frame('"cre\\u0061ted":1,"created":2'),
    'Created is another key': frame('"Created":17'),
    'an inner created does not count': frame('"event":{"created":17}'),
    'an inner one after the outer one': frame('"created":1,"event":{"created":2,"a":[{"created":3}]}'),
    'an inner one in a list': frame('"events":[{"created":17}]'),
    'created in a text': frame('"event":"\\"created\\":17"'),
    'created as a value': frame('"event":"created"'),
    'brackets in a text before it': frame('"event":"}]{[\\\\","created":17'),
    'a quote and a backslash before it': frame('"a":"\\\\\\"","created":17'),
    'an empty object before it': frame('"event":{},"created":17'),
    'deep nesting before it': frame(`"event":${'['.repeat(60)}${']'.repeat(60)},"created":17`),
    'other numbers before it': frame('"a":-1.5e3,"b":true,"created":17'),
    'keys that we do not know': frame('"id":1,"event":null'),
    'hostile keys': frame('"__proto__":{"created":1},"constructor":{"created":2}'),
    'the rkey __proto__': keys(`"${NSID}"`, '"__proto__"'),
    'rkey twice: the last': frame('"rkey":"other"'),
    'nsid twice: the last': frame('"nsid":"sh.tangled.pipeline"'),
    'an escaped nsid': keys('"sh.tangled\\u002epipeline"', '"self"'),
    'an NSID of 317 characters': keys(`"${LONGEST}"`, '"self"'),
    'an rkey of 512 characters': keys(`"${NSID}"`, `"${'k'.repeat(512)}"`)
  }),
  ...frames('KnotFrameRejected/json', {
    'the empty text': '',
    'no JSON': 'hello',
    'half a frame': frame('').slice(0, -1),
    'two frames': frame('') + frame(''),
    'a stamp with a leading zero is no JSON': created('017'),
    'a stamp with a plus is no JSON': created('+17'),
    'hexadecimal is no JSON': created('0x11')
  }),
  ...frames('KnotFrameRejected/frame', {
    'null': 'null',
    'a number': '1767225600000000001',
    'a text': '"frame"',
    'an array': `[${frame('')}]`
  }),
  ...frames('KnotFrameRejected/nsid', {
    'an empty object': '{}',
    'no nsid': '{"rkey":"self"}',
    'nsid null': keys('null', '"self"'),
    'an nsid that is a number': keys('1', '"self"'),
    'the empty nsid': keys('""', '"self"'),
    'two segments': keys('"sh.tangled"', '"self"'),
    'an nsid with a fragment': keys(`"${NSID}#main"`, '"self"'),
    'an NSID of 318 characters': keys(`"${LONGEST}a"`, '"self"'),
    'NSID': `{"NSID":"${NSID}","rkey":"self"}`,
    'nsid comes before rkey and created': '{"nsid":1,"rkey":1,"created":"1"}'
  }),
  ...frames('KnotFrameRejected/rkey', {
    'no rkey': `{"nsid":"${NSID}"}`,
    'rkey null': keys(`"${NSID}"`, 'null'),
    'an rkey that is a number': keys(`"${NSID}"`, '1'),
    'the empty rkey': keys(`"${NSID}"`, '""'),
    'the rkey ..': keys(`"${NSID}"`, '".."'),
    'an rkey with a slash': keys(`"${NSID}"`, '"a/b"'),
    'an rkey of 513 characters': keys(`"${NSID}"`, `"${'k'.repeat(513)}"`),
    'rkey comes before created': `{"nsid":"${NSID}","rkey":1,"created":"1"}`
  }),
  ...frames('KnotFrameRejected/created', {
    '2⁶³': created('9223372036854775808'),
    '20 digits': created('17672256000000000010'),
    'an exponent': created('1e18'),
    'an exponent in upper case': created('1E18'),
    'an exponent of zero': created('17e0'),
    'a fraction of zeros': created('1.0'),
    'a fraction': created('1767225600000000000.5'),
    '−0': created('-0'),
    '−1': created('-1'),
    'text': created('"1767225600000000001"'),
    'the empty text': created('""'),
    'true': created('true'),
    'false': created('false'),
    'an array': created('[17]'),
    'an object': created('{"created":17}'),
    'created twice, the last no stamp': frame('"created":2,"created":"1"'),
    'an escaped key after it that holds none': frame('"created":2,"cre\\u0061ted":1.0')
  })
]
