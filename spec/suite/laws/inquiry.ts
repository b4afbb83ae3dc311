/** ACCESS-6 and ACCESS-7: what is asked about who may push, and what is concluded. The words are in laws.md. */
import { Access, type AccessAnswer, type Did, type HostName } from '../../../core/index.js'
import { all, because, equal, every, type Laws } from './law.js'

/** An answer, and what it means to whoever reads it rightly. */
export interface Meant<M> {
  readonly meaning: M | 'unknown'
  readonly said: Access.InquiryAnswer
}

/** All that would be said of a repository, if it were asked. */
export interface Facts {
  readonly description: Meant<Did | 'notFound'>
  readonly document: Meant<'elsewhere' | 'here' | 'none'>
  /** The pages of the list, the last of which says that it is. */
  readonly pages: ReadonlyArray<Meant<ReadonlyArray<Did>>>
  readonly repo: Did | ''
  readonly version: Meant<'lists' | 'none'>
}

export const HOSTS = { defaultPort: 443, loopback: false, ports: false }
export const KNOT = 'knot.example' as HostName

/** Three questions, and six pages. */
const QUESTIONS = 9

const toPage = ({ pages }: Facts, cursor: string | null): Access.InquiryAnswer =>
  pages[cursor === null ? 0 : Number(cursor.slice(1)) + 1]?.said ?? { _tag: 'Unanswered', error: 'there is no such page', waitMs: 0 }

const saidTo = (facts: Facts, question: Access.AccessQuestion): Access.InquiryAnswer => {
  switch (question._tag) {
    case 'AskVersion':
      return facts.version.said
    case 'AskDocument':
      return facts.document.said
    case 'AskDescription':
      return facts.description.said
    case 'AskCollaborators':
      return toPage(facts, question.cursor)
  }
}

/** The inquiry from its beginning to its end, or as far as it may go. */
export const courseOf = (facts: Facts): ReadonlyArray<Access.Inquiry> => {
  const about = { hosts: HOSTS, knot: KNOT, repo: facts.repo }
  const course = [Access.inquiry(facts.repo)]
  for (let now = course[0]; now !== undefined && Access.isQuestion(now) && course.length <= QUESTIONS + 1; now = course.at(-1))
    course.push(Access.afterAnswer(about, now, saidTo(facts, now)))
  return course
}

/** Who is on the list, if all of it can be read. */
const listed = ({ pages }: Facts): ReadonlyArray<Did> | 'unknown' => {
  const meanings = pages.map(({ meaning }) => meaning)
  const read = meanings.filter((meaning) => meaning !== 'unknown')
  return read.length < meanings.length || pages.length > 6 ? 'unknown' : read.flat()
}

const tagOf = (access: AccessAnswer): AccessAnswer['_tag'] | 'DeniedByLists' => (access._tag === 'Denied' && access.keepsLists ? 'DeniedByLists' : access._tag)

/** The table of T2, once more: of all that there is to be known at once. */
const expected = (facts: Facts): AccessAnswer['_tag'] | 'DeniedByLists' | 'Unread' => {
  const { description, document, repo, version } = facts
  if (repo === '') return 'ByRecords'
  if (version.meaning === 'unknown' || document.meaning === 'unknown') return 'Unread'
  if (document.meaning === 'elsewhere') return version.meaning === 'none' ? 'Denied' : 'DeniedByLists'
  if (version.meaning === 'none') return 'ByRecords'
  if (document.meaning === 'none' || description.meaning === 'notFound') return 'DeniedByLists'
  return description.meaning === 'unknown' || listed(facts) === 'unknown' ? 'Unread' : 'ByKnot'
}

export const INQUIRY = {
  'ACCESS-6': (facts: Facts) => {
    const course = courseOf(facts)
    const last = course.at(-1)
    return all(
      because(course.length <= QUESTIONS + 1, () => `${String(course.length - 1)} questions`),
      equal('what it comes to', last?._tag === 'Found' ? tagOf(last.access) : last?._tag, expected(facts)),
      last?._tag !== 'Found' ||
        last.access._tag !== 'ByKnot' ||
        equal('who may push', [last.access.owner, last.access.collaborators], [facts.description.meaning, listed(facts)])
    )
  },

  'ACCESS-7': (facts: Facts) =>
    every(courseOf(facts), (asked) => {
      const about = { hosts: HOSTS, knot: KNOT, repo: facts.repo }
      const after = Access.afterAnswer(about, asked, { _tag: 'Unanswered', error: 'no answer', waitMs: 7_000 })
      return Access.isQuestion(asked)
        ? equal(`after ${asked._tag} without an answer`, after, { _tag: 'Unread', error: 'no answer', waitMs: 7_000 })
        : equal('what is over', after, asked)
    })
} satisfies Laws
