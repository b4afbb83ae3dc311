/** Settings of providers: what is allowed, what is said of all that is not, at once, and that no secret is in it. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { KINDS } from '../../../shell/providers/index.js'
import type { Kind, Provider, Surroundings } from '../../../shell/providers/provider.js'
import { address, defineKind, isUrl, listOf, numberFrom, secondsFrom, type Setting, signingSecret, text, token, trueOrFalse } from '../../../shell/providers/settings.js'

const SECRET = 'canary-0123456789abcdef'

describe('a setting', () => {
  test.each([
    ['https://x', true],
    ['http://127.0.0.1:8010/', true],
    ['ftp://x', false],
    ['x', false],
    ['', false]
  ])('%j is an address: %s', (one, expected) => expect(isUrl(one)).toBe(expected))

  const name = text({ allowed: 'a name', matches: (one) => one !== '' })
  test.each<[string, Setting<unknown>, unknown, unknown]>([
    ['a period', secondsFrom(0, 1), 0, 0],
    ['a period', secondsFrom(1, 1), 0, undefined],
    ['a period', secondsFrom(1, 1), 3_600, 3_600],
    ['a period', secondsFrom(1, 1), 3_600.1, undefined],
    ['a period', secondsFrom(0, 1), Number.NaN, undefined],
    ['a number', numberFrom(1, 9, 1), 1.5, 1.5],
    ['a number', numberFrom(1, 9, 1), '2', undefined],
    ['a whole number', numberFrom(1, 9, 1, true), 1.5, undefined],
    ['a whole number', numberFrom(1, 9, 1, true), 9, 9],
    ['a switch', trueOrFalse(true), false, false],
    ['a switch', trueOrFalse(true), 'false', undefined],
    ['text', name, 'x', 'x'],
    ['text', name, '', undefined],
    ['text', name, 7, undefined],
    ['an address', address('it'), 'https://x//', 'https://x'],
    ['an address', address('it'), 'x', undefined],
    ['an address', address('it'), 7, undefined],
    ['a list', listOf('names', (one) => one === 'a'), ['a', 'a'], ['a', 'a']],
    ['a list', listOf('names', (one) => one === 'a'), [], undefined],
    ['a list', listOf('names', (one) => one === 'a'), ['a', 'b'], undefined],
    ['a list', listOf('names', () => true), [7], undefined],
    ['a list', listOf('names', () => true), 'a', undefined],
    ['a secret', signingSecret('X'), 'x'.repeat(16), 'x'.repeat(16)],
    ['a secret', signingSecret('X'), 'x'.repeat(15), undefined],
    ['a token', token('X'), 'a!~', 'a!~'],
    ['a token', token('X'), 'a b', undefined],
    ['a token', token('X'), 'ä', undefined]
  ])('a setting that is %s (%o): %j is read as %j', (_, setting, given, expected) => expect(setting.read(given)).toEqual(expected))
})

// ---------------------------------------------------------------------------------------- all at once

const PROVIDER = { name: 'made' } as Provider

const kind: Kind = defineKind({
  create: (values, { name }) => ({ ...PROVIDER, name: `${name}: ${JSON.stringify(values)}` }),
  kind: 'any',
  reads: { pipeline: 'optional', settings: [], steps: 'optional' },
  settings: {
    names: listOf('names', (one) => one.length < 5),
    often: secondsFrom(1, 15),
    secret: signingSecret('X_SECRET'),
    url: address('its address', 'https://default.example')
  },
  together: ({ often, url }) => (often === 99 ? [{ sentence: `is too long for ${url}.`, setting: 'often' }] : []),
  variables: ['X_NAMES']
})

const GOOD = { names: ['a'], secret: SECRET }
const surroundings = (environment: Surroundings['environment']) => ({ environment, name: 'ours' }) as Surroundings

describe('the settings of an entry', () => {
  test.each<[string, unknown, Surroundings['environment'], ReadonlyArray<readonly [setting: string, isOfEnvironment: boolean, sentence: string]>]>([
    ['all is well', GOOD, {}, []],
    ['the secret is in the environment', { names: ['a'] }, { X_SECRET: SECRET }, []],
    [
      'two are missing',
      {},
      {},
      [
        ['names', false, 'is missing: set it. It must be a list of names, at least one.'],
        ['secret', true, 'is missing: set it, or X_SECRET in the environment. It must be text of at least 16 characters.']
      ]
    ],
    ['nothing is written behind one', { ...GOOD, often: null, secret: null }, {}, [['secret', true, 'is missing: set it, or X_SECRET in the environment. It must be text of at least 16 characters.']]],
    [
      'everything is wrong',
      { names: ['a', 'too long', { a: 1 }], offen: 1, often: 0, secret: SECRET.slice(0, 15), url: 'ftp://me:word@x' },
      {},
      [
        ['offen', false, 'is not a setting of this kind of provider. Did you mean "often"? There are: names, often, secret, url.'],
        ['names', false, 'must be a list of names, at least one; it is [a, too long, …].'],
        ['often', false, 'must be a number from 1 to 3600; it is 0.'],
        ['secret', false, 'must be text of at least 16 characters.'],
        ['url', false, 'must be its address, which begins with https:// or http://; it is "ftp://***@x".']
      ]
    ],
    ['the environment is wrong', { names: ['a'] }, { X_SECRET: SECRET.slice(0, 15) }, [['secret', true, 'must be text of at least 16 characters (it is from X_SECRET).']]],
    ['they do not fit together', { ...GOOD, often: 99 }, {}, [['often', false, 'is too long for https://default.example.']]],
    ['they are none', ['a'], {}, [['', false, 'must have settings, "name: value".']]],
    ['of other types', { names: [], often: {}, secret: SECRET, url: true }, {}, [
      ['names', false, 'must be a list of names, at least one; it is an empty list.'],
      ['often', false, 'must be a number from 1 to 3600; it is settings.'],
      ['url', false, 'must be its address, which begins with https:// or http://; it is true.']
    ]]
  ])('%s', (_, settings, environment, expected) => {
    const faults = kind.faults(settings, environment)
    expect(faults.map(({ isOfEnvironment, sentence, setting }) => [setting, isOfEnvironment, sentence])).toEqual(expected)
    expect(JSON.stringify(faults)).not.toContain(SECRET.slice(0, 15))
  })

  test('make a provider, with what is not set at its default', () =>
    expect(kind.make({ ...GOOD, often: 3 }, surroundings({ X_SECRET: 'y'.repeat(20) }))).toEqual(
      E.right({ name: `ours: ${JSON.stringify({ names: ['a'], often: 3, secret: SECRET, url: 'https://default.example' })}` })
    ))

  test('make none where they are wrong, and say all of it', () =>
    expect(kind.make({ names: ['a'], often: 0 }, surroundings({}))).toEqual(
      E.left('"often" must be a number from 1 to 3600; it is 0. "secret" is missing: set it, or X_SECRET in the environment. It must be text of at least 16 characters.')
    ))

  test('name the variables that they come from', () => expect(kind.variables).toEqual(['X_NAMES', 'X_SECRET']))

  test.each(KINDS.map((one) => [one.kind, one] as const))('the settings of an entry of %s: an unknown key is told', (_, one) =>
    expect(one.faults({ 'un known': 1 }, {}).filter(({ setting }) => setting === 'un known')).toHaveLength(1)
  )
})

describe('a login at Buildbot', () => {
  const buildbot = KINDS.find((one) => one.kind === 'buildbot')
  test.each([
    [{}, []],
    [{ password: 'x', user: 'y' }, []],
    [{ user: 'y' }, ['password']],
    [{ password: 'x' }, ['user']],
    [{ password: 'x', user: 'a:b' }, ['user']]
  ])('%j lacks %j', (login, lacking) => expect(buildbot?.faults({ url: 'https://x', ...login }, {}).map(({ setting }) => setting)).toEqual(lacking))
})
