/** What knots answer about themselves, their repositories, and who may push: what is taken, what is passed over, and what is refused. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeCollaborators, decodeDescribeRepo, decodeKnotVersion, Did } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const textOf = (answer: unknown): string => (typeof answer === 'string' ? answer : JSON.stringify(answer))

describe('a version', () => {
  test.each<readonly [string, unknown, boolean]>([
    ['that names the capability', { capabilities: ['knot-acl', 'repo-did-input'], version: '1.15' }, true],
    ['that names others', { capabilities: ['repo-did-input'] }, false],
    ['that names none', { version: '1.11' }, false],
    ['with text for capabilities', { capabilities: 'knot-acl' }, false],
    ['with another spelling', { capabilities: ['Knot-ACL', ['knot-acl']] }, false]
  ])('%s', (_, answer, keepsLists) => {
    expect(decodeKnotVersion(textOf(answer))).toEqual(E.right(keepsLists))
  })

  test.each(['', 'knot', '[]', 'null', '"knot-acl"'])('is none: %s', (answer) => {
    expect(E.isLeft(decodeKnotVersion(answer))).toBe(true)
  })
})

describe('a description of a repository', () => {
  const APP = must(Did.decode('did:plc:app'))
  test('says whose it is', () => {
    expect(decodeDescribeRepo(APP)(textOf({ ownerDid: 'did:plc:alice', repoDid: 'did:plc:app', rkey: 'r' }))).toEqual(E.right({ _tag: 'Described', owner: 'did:plc:alice' }))
  })

  test('says that it is not there, whatever else it says', () => {
    expect(decodeDescribeRepo(APP)(textOf({ error: 'RepoNotFound', ownerDid: 'did:plc:alice', repoDid: 'did:plc:app' }))).toEqual(E.right({ _tag: 'RepoNotFound' }))
  })

  test.each<readonly [unknown, string]>([
    ['', 'not JSON'],
    [[], 'not an object'],
    [{ error: 'NotFound' }, 'the answer is about another repository'],
    [{ ownerDid: 'did:plc:alice', repoDid: 'did:plc:other' }, 'the answer is about another repository'],
    [{ ownerDid: 'did:plc:alice' }, 'the answer is about another repository'],
    [{ ownerDid: 'alice', repoDid: 'did:plc:app' }, 'ownerDid is not a DID']
  ])('is refused: %j', (answer, why) => {
    expect(decodeDescribeRepo(APP)(textOf(answer))).toEqual(E.left(why))
  })
})

describe('a page of collaborators', () => {
  const decode = (page: unknown, cursor: string | null = null) => decodeCollaborators(cursor)(textOf(page))
  const item = (subject: unknown) => ({ addedBy: 'did:plc:alice', createdAt: '2026-01-01T00:00:00Z', subject })

  test('names them, and passes over what is nobody', () => {
    const items = [item('did:plc:bob'), 7, null, item('bob'), item(undefined), item(`did:web:${'a'.repeat(300)}`), item('did:web:carol.example')]
    expect(decode({ items })).toEqual(E.right({ next: null, subjects: ['did:plc:bob', 'did:web:carol.example'] }))
  })

  test.each<readonly [string, unknown, string | null, string | null]>([
    ['where it says', '1', null, '1'],
    ['not there', undefined, null, null],
    ['not there when it is empty', '', '1', null],
    ['not there when it is null', null, '1', null],
    ['not the one that was asked for', '1', '1', null]
  ])('the next page is %s', (_, cursor, before, next) => {
    expect(decode({ cursor, items: [item('did:plc:bob')] }, before)).toEqual(E.right({ next, subjects: ['did:plc:bob'] }))
  })

  test('is the last when it has no items', () => {
    expect(decode({ cursor: '1', items: [] })).toEqual(E.right({ next: null, subjects: [] }))
  })

  test.each<readonly [unknown, string]>([
    ['', 'not JSON'],
    [null, 'not an object'],
    [{}, 'items is not a list'],
    [{ items: {} }, 'items is not a list'],
    [{ items: Array.from({ length: 101 }, () => item('did:plc:bob')) }, 'more items than were asked for'],
    [{ cursor: 7, items: [] }, 'cursor is not well-formed'],
    [{ cursor: 'x'.repeat(513), items: [] }, 'cursor is not well-formed'],
    ['{"cursor":"\\ud800","items":[]}', 'cursor is not well-formed']
  ])('is refused: %j', (page, why) => {
    expect(decode(page)).toEqual(E.left(why))
  })
})
