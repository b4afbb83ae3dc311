/** What is written for porters: that every link leads somewhere, that prices are those of the code, and that no paragraph holds more than one rule. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { machineFiles } from './machine/machine-files.js'

const SPEC = new URL('..', import.meta.url).pathname

const pages = [...readdirSync(SPEC), ...readdirSync(join(SPEC, 'providers')).map((name) => `providers/${name}`)].filter((name) => name.endsWith('.md'))

/** The text of a page: of one that is generated, as it would be. */
const textOf = (page: string): string => machineFiles().get(page) ?? readFileSync(join(SPEC, page), 'utf8')

const TEXTS = new Map(pages.map((page) => [page, textOf(page)]))

/** What a heading is called in a link. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s-]/gu, '')
    .replaceAll(' ', '-')

const ANCHORS = new Map([...TEXTS].map(([page, text]) => [page, new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)))]))

describe('the pages', () => {
  test('have links to headings that are there', () => {
    const dead = [...TEXTS].flatMap(([page, text]) =>
      [...text.matchAll(/\]\(([^)#\s]*)#([^)]+)\)/g)].flatMap(([link, file = '', anchor = '']) => {
        const target = file === '' ? page : normalize(join(dirname(page), file))
        return ANCHORS.get(target)?.has(anchor) === false ? [`${page}: ${link}`] : []
      })
    )
    expect(dead).toEqual([])
  })

  test('name sources that are there', () => {
    const named = [...TEXTS].flatMap(([page, text]) => [...text.matchAll(/`((?:core|shell|spec)\/[\w./-]*)`/g)].map(([, path = '']) => [page, path] as const))
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter(([, path]) => !existsSync(join(SPEC, '..', path)))).toEqual([])
  })

  test.each(['behaviour.md', 'formats.md', 'gotchas.md', 'porting.md'])('%s has no paragraph of more than five lines', (page) => {
    const prose = (TEXTS.get(page) ?? '').replace(/```[^]*?```/g, '')
    const blocks = prose.split(/\n\s*\n|\n(?=\s*(?:- |\d+\. |\||#))/)
    const long = blocks.filter((block) => !block.startsWith('|') && (block.trim().split('\n').length > 5 || block.split('\n').some((line) => line.length > 160)))
    expect(long).toEqual([])
  })
})

describe('the prices of patterns', () => {
  const table = [...(TEXTS.get('behaviour.md') ?? '').matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)].map(([, unit = '', price = '']) => [unit, Number(price)] as const)
  const source = readFileSync(join(SPEC, '../core/data/glob.ts'), 'utf8')
  const coded = [...source.matchAll(/^const ([A-Z_]+)_COST = (\d+)$/gm)].map(([, unit = '', price = '']) => [unit, Number(price)] as const)

  test('are those of the code, all of them', () => {
    expect(coded.length).toBeGreaterThan(5)
    expect(new Map(table)).toEqual(new Map(coded))
  })
})
