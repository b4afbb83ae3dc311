/**
 * The records of the network once decoded: every field is present, and text.
 */
import * as t from 'io-ts'

/** `sh.tangled.spindle.member`. In every text field, `""` means absent (S9). */
export const Member = t.readonly(t.strict({ createdAt: t.string, instance: t.string, subject: t.string }), 'Member')

export type Member = t.TypeOf<typeof Member>

/** `sh.tangled.repo` as it was written: `knot` is any text. */
export const RepoRecord = t.readonly(
  t.strict({ createdAt: t.string, knot: t.string, name: t.string, repoDid: t.string, spindle: t.string }),
  'RepoRecord'
)

export type RepoRecord = t.TypeOf<typeof RepoRecord>

/** `sh.tangled.repo.collaborator`. */
export const Collaborator = t.readonly(
  t.strict({ createdAt: t.string, repo: t.string, repoDid: t.string, subject: t.string }),
  'Collaborator'
)

export type Collaborator = t.TypeOf<typeof Collaborator>
