/** Every law is in words, a predicate, and tried: the three sets are one. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LAWS } from '../laws/index.js'
import { lawsInWords } from './support.js'

const textsIn = (folder: URL, name: RegExp): string =>
  readdirSync(folder)
    .filter((file) => name.test(file))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n')

const idsIn = (text: string, id: RegExp): ReadonlyArray<string> =>
  [...new Set([...text.matchAll(id)].map((match) => match[1] ?? ''))].sort()

const words = [...lawsInWords().keys()]
const ofStore = (id: string): boolean => id.startsWith('STORE-')

test('every law in words is a predicate, and every predicate is in words', () => {
  expect(Object.keys(LAWS).sort()).toEqual(words.filter((id) => !ofStore(id)).sort())
})

test('every law is tried, and nothing else is', () => {
  const tried = idsIn(textsIn(new URL('./', import.meta.url), /\.test\.ts$/), /check\(\s*[A-Z]+,\s*'([A-Z]+-\d+)'/g)
  expect(tried).toEqual(words.filter((id) => !ofStore(id)).sort())
})

test('every law of the store is the name of a test on files', () => {
  const texts = ['store', 'drive'].map((folder) => textsIn(new URL(`../../shell/${folder}/`, import.meta.url), /\.test\.ts$/)).join('\n')
  const tried = idsIn(texts, /\b(STORE-\d+)\b/g)
  expect(tried).toEqual(words.filter(ofStore).sort())
})

test('the laws in words are numbered without gaps, each once', () => {
  const text = readFileSync(new URL('../../laws.md', import.meta.url), 'utf8')
  const listed = [...text.matchAll(/^- \*\*([A-Z]+)-(\d+)\*\*/gm)].map((match) => [match[1] ?? '', Number(match[2])] as const)
  const families = [...new Set(listed.map(([family]) => family))]
  for (const family of families) {
    const numbers = listed.filter(([name]) => name === family).map(([, number]) => number)
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
  }
})
