/** ACCESS-6 and ACCESS-7, tried. */
import { describe } from 'vitest'
import { facts } from '../arbitraries/inquiries.js'
import { courseOf, type Facts, INQUIRY } from '../laws/inquiry.js'
import { check } from './support.js'

const comesTo = (tag: string) => (given: Facts): boolean => {
  const last = courseOf(given).at(-1)
  return last?._tag === 'Found' ? last.access._tag === tag : last?._tag === tag
}

const asks = (is: (given: Facts) => boolean) => (given: Facts): boolean => is(given) && courseOf(given).some(({ _tag }) => _tag === 'AskCollaborators')

describe('ACCESS, as it is found out', () => {
  check(INQUIRY, 'ACCESS-6', facts, {
    'a list of one page': asks(({ pages }) => pages.length === 1),
    'a list of more than six pages': asks(({ pages }) => pages.length > 6),
    'the knot decides': comesTo('ByKnot'),
    'the records decide': comesTo('ByRecords'),
    'nobody has a say': comesTo('Denied'),
    'something cannot be read': comesTo('Unread'),
    'it is elsewhere, on a knot of before': ({ document, version }) => document.meaning === 'elsewhere' && version.meaning === 'none'
  })
  check(INQUIRY, 'ACCESS-7', facts, { 'all is asked': asks(() => true) })
})
