/** What a workflow file of nothing but its engine comes to, but for how much it is. */
export const EMPTY = {
  _tag: 'Defined',
  clone: { depth: 1, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [],
  name: 'ci.yml',
  steps: [],
  targets: [],
  when: []
}
