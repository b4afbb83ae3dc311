/** All pages of the project: that every link leads somewhere, that prices are those of the code, and that no paragraph holds more than one rule. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Config, defaults, initial, State } from '../../core/index.js'
import { RIGHTS } from '../core/rights.js'
import { machineFiles } from './machine/machine-files.js'

const ROOT = new URL('../..', import.meta.url).pathname

const pagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

/** By their paths from the root. */
const pages = [...readdirSync(ROOT).filter((name) => name.endsWith('.md')), ...pagesIn('spec'), ...pagesIn('shell')]

/** The pages that are generated, as they would be. */
const GENERATED = new Map([...machineFiles()].map(([name, text]) => [`spec/${name}`, text]))

const TEXTS = new Map(pages.map((page) => [page, GENERATED.get(page) ?? readFileSync(join(ROOT, page), 'utf8')]))

/** What a heading is called in a link. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s-]/gu, '')
    .replaceAll(' ', '-')

const ANCHORS = new Map([...TEXTS].map(([page, text]) => [page, new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)))]))

/** More than that, and it is a list or a table. */
const PARAGRAPH_WORDS = 90

describe('the pages', () => {
  test('have links to places that are there', () => {
    const links = [...TEXTS].flatMap(([page, text]) =>
      [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)]*)\)/g)].map(([link, file = '', anchor = '']) => {
        const target = file === '' ? page : normalize(join(dirname(page), file))
        return { anchor, from: `${page}: ${link}`, target }
      })
    )
    expect(links.length).toBeGreaterThan(150)
    const isDead = ({ anchor, target }: (typeof links)[number]): boolean =>
      !existsSync(join(ROOT, target)) || (anchor !== '' && ANCHORS.get(target)?.has(anchor) !== true)
    expect(links.filter(isDead).map(({ from }) => from)).toEqual([])
  })

  test('name sources that are there', () => {
    const named = [...TEXTS].flatMap(([page, text]) => [...text.matchAll(/`((?:core|shell|spec)\/[\w./-]*)`/g)].map(([, path = '']) => [page, path] as const))
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter(([, path]) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  /** The paragraphs and items of a page, without its tables and code. */
  const paragraphsOf = (text: string): ReadonlyArray<string> =>
    text
      .replace(/```[^]*?```/g, '')
      .split(/\n\s*\n|\n(?=\s*(?:- |\d+\. |\||#))/)
      .filter((block) => !block.trim().startsWith('|'))

  test(`have no paragraph of more than ${String(PARAGRAPH_WORDS)} words`, () => {
    const long = [...TEXTS].flatMap(([page, text]) =>
      paragraphsOf(text).flatMap((block) => (block.trim().split(/\s+/).length > PARAGRAPH_WORDS ? [`${page}: ${block.trim().slice(0, 60)}`] : []))
    )
    expect(long).toEqual([])
  })

  test.each(['behaviour.md', 'formats.md', 'gotchas.md', 'porting.md'])('%s has no paragraph of more than five lines', (page) => {
    const blocks = paragraphsOf(TEXTS.get(`spec/${page}`) ?? '')
    expect(blocks.filter((block) => block.trim().split('\n').length > 5 || block.split('\n').some((line) => line.length > 160))).toEqual([])
  })
})

test('the matrix of rights is that which the machine is held to', () => {
  const [table = ''] = /^\| who \| on a knot without lists .*\n(?:\|.*\n)+/m.exec(TEXTS.get('spec/behaviour.md') ?? '') ?? []
  const rows = table.trim().split('\n').slice(2).map((row) => row.split('|').map((cell) => cell.trim()))
  expect(rows.map(([, who, without, having]) => [who, without === 'yes', having === 'yes'])).toEqual(RIGHTS)
})

describe('the prices of patterns', () => {
  const table = [...(TEXTS.get('spec/behaviour.md') ?? '').matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)].map(([, unit = '', price = '']) => [unit, Number(price)] as const)
  const source = readFileSync(join(ROOT, 'core/data/glob.ts'), 'utf8')
  const coded = [...source.matchAll(/^const ([A-Z_]+)_COST = (\d+)$/gm)].map(([, unit = '', price = '']) => [unit, Number(price)] as const)

  test('are those of the code, all of them', () => {
    expect(coded.length).toBeGreaterThan(5)
    expect(new Map(table)).toEqual(new Map(coded))
  })
})

const fieldsOf = (value: unknown): ReadonlyMap<string, unknown> => new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])

test('the state before anything has happened is written out in full', () => {
  const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
  if (config._tag === 'Left') throw new Error('the defaults are no configuration')
  const state = fieldsOf(State.encode(initial(config.right)))
  const told = TEXTS.get('spec/porting.md')?.split('## What a state is')[1]?.split('\n## ')[0] ?? ''
  const bullets = told.split(/\n- /).map((bullet) => [bullet.split(':')[0] ?? '', bullet] as const)
  const about = (name: string): string => bullets.flatMap(([names, bullet]) => (names.includes(`\`${name}\``) ? [bullet] : [])).join()
  for (const list of state.keys()) if (list !== 'head') expect(about(list), list).not.toBe('')
  const parts = [...fieldsOf(state.get('head'))].filter(([part]) => part !== 'config' && part !== 'isStopped')
  expect(parts.length).toBeGreaterThan(5)
  for (const [part, value] of parts)
    for (const field of fieldsOf(value).keys()) expect(about(`head.${part}`), `${part}.${field}`).toContain(`\`${field}\``)
})
