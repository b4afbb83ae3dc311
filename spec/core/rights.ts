/** The matrix of rights, as spec/behaviour.md has it (T2): who has a say on a knot without lists, and on one with lists. */
export const RIGHTS: ReadonlyArray<readonly [who: string, without: boolean, having: boolean]> = [
  ['the owner', true, true],
  ['a collaborator by a record', true, false],
  ['a collaborator by the knot’s list', false, true],
  ['somebody who was either, and is not any more', false, false],
  ['the owner of another repository', false, false],
  ['a member', false, false],
  ['a stranger', false, false]
]
