/**
 * The words of a workflow file: every key that means something, and what its value may be. `tack lint` and the JSON Schema for editors are made from
 * it; what the values mean is up to the core (core/wire/workflow-file.ts), to which a test holds these words.
 */

/** What a value may be. */
export type Shape =
  | { readonly _tag: 'Boolean' }
  /** Keys that the author chooses, each with such a value. */
  | { readonly _tag: 'Entries'; readonly value: Shape }
  | { readonly _tag: 'List'; readonly item: Shape; readonly max: number }
  | { readonly _tag: 'Map'; readonly keys: ReadonlyArray<Key> }
  /** One such map, or a list of them. */
  | { readonly _tag: 'MapOrList'; readonly map: Extract<Shape, { readonly _tag: 'Map' }>; readonly max: number }
  | { readonly _tag: 'Natural' }
  /** Text, or a number or truth value as it is spelled. */
  | { readonly _tag: 'Scalar' }
  /** A scalar, or a list of scalars. */
  | { readonly _tag: 'ScalarOrList' }
  /** A scalar, or a list of texts; of these words only, where they are named. */
  | { readonly _tag: 'Texts'; readonly words: ReadonlyArray<string> | null }

export interface Key {
  readonly key: string
  readonly shape: Shape
  /** What it is for, in a sentence for the author. */
  readonly what: string
}

const BOOLEAN: Shape = { _tag: 'Boolean' }
const SCALAR: Shape = { _tag: 'Scalar' }
const TEXTS: Shape = { _tag: 'Texts', words: null }

/** The kinds of triggers that a condition may name. */
export const EVENTS: ReadonlyArray<string> = ['push', 'pull_request', 'manual']

const CONDITION: Extract<Shape, { readonly _tag: 'Map' }> = {
  _tag: 'Map',
  keys: [
    { key: 'event', shape: { _tag: 'Texts', words: EVENTS }, what: 'The kinds of triggers that it matches.' },
    { key: 'branch', shape: TEXTS, what: 'Patterns for the branch that was pushed, or the target branch of a pull request.' },
    { key: 'tag', shape: TEXTS, what: 'Patterns for the tag that was pushed.' },
    { key: 'paths', shape: TEXTS, what: 'Patterns, one of which a file changed by the push must match. Ignored for pull requests.' },
    { key: 'types', shape: TEXTS, what: 'Actions of a pull request; by default opened, reopened and synchronize.' },
    { key: 'cron', shape: TEXTS, what: 'Known to Tangled. tack does not build on a schedule, and ignores it.' }
  ]
}

const ENVIRONMENT: Shape = { _tag: 'Entries', value: SCALAR }

/** A workflow file. */
export const FILE: Extract<Shape, { readonly _tag: 'Map' }> = {
  _tag: 'Map',
  keys: [
    { key: 'when', shape: { _tag: 'MapOrList', map: CONDITION, max: 100 }, what: 'When it is built: if any condition holds. Without conditions, always.' },
    { key: 'engine', shape: SCALAR, what: 'The engine that builds it: tack.' },
    {
      key: 'tack',
      shape: { _tag: 'Entries', value: { _tag: 'Entries', value: { _tag: 'ScalarOrList' } } },
      what: 'The one provider that builds it, with its pipeline and settings.'
    },
    {
      key: 'steps',
      shape: {
        _tag: 'List',
        item: {
          _tag: 'Map',
          keys: [
            { key: 'name', shape: SCALAR, what: 'The title in the log; by default the first line of the command.' },
            { key: 'command', shape: SCALAR, what: 'The command, which a shell runs in the folder of the checkout.' },
            { key: 'environment', shape: ENVIRONMENT, what: 'Environment variables of this step.' }
          ]
        },
        max: 100
      },
      what: 'Commands, for providers that run them.'
    },
    { key: 'environment', shape: ENVIRONMENT, what: 'Environment variables of the build. CI and TANGLED_… are set by tack.' },
    {
      key: 'clone',
      shape: {
        _tag: 'Map',
        keys: [
          { key: 'depth', shape: { _tag: 'Natural' }, what: 'How many commits are fetched, 0 for all; by default 1.' },
          { key: 'skip', shape: BOOLEAN, what: 'Whether to skip the checkout: the steps then begin in an empty folder.' },
          { key: 'submodules', shape: BOOLEAN, what: 'Whether submodules are fetched as well.' }
        ]
      },
      what: 'How the repository is checked out.'
    }
  ]
}

/** Keys of other CIs, and what they are called here: no spelling leads from the one to the other. */
export const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['env', 'environment'],
  ['jobs', 'steps'],
  ['on', 'when'],
  ['run', 'command'],
  ['script', 'command'],
  ['stages', 'steps'],
  ['uses', 'command'],
  ['variables', 'environment']
])

/** Keys of other engines, which mean nothing here, with what to do instead. */
export const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['architecture', 'a key of another engine: it chooses nothing here'],
  ['dependencies', 'a key of the engine nixery: nothing is installed here. Install what you need in a step, or use a provider that has it'],
  ['image', 'a key of another engine: the provider decides in which image builds run']
])
