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
    { key: 'event', shape: { _tag: 'Texts', words: EVENTS }, what: 'The kinds of triggers it holds for.' },
    { key: 'branch', shape: TEXTS, what: 'Patterns: the branch that was pushed, or the one that a pull request is to be merged into.' },
    { key: 'tag', shape: TEXTS, what: 'Patterns: the tag that was pushed.' },
    { key: 'paths', shape: TEXTS, what: 'Patterns: a push must have changed a file that matches. Not looked at for pull requests.' },
    { key: 'types', shape: TEXTS, what: 'Actions of a pull request; opened, reopened and synchronize if not given.' },
    { key: 'cron', shape: TEXTS, what: 'Known to Tangled. Nothing is built by the clock here.' }
  ]
}

const ENVIRONMENT: Shape = { _tag: 'Entries', value: SCALAR }

/** A workflow file. */
export const FILE: Extract<Shape, { readonly _tag: 'Map' }> = {
  _tag: 'Map',
  keys: [
    { key: 'when', shape: { _tag: 'MapOrList', map: CONDITION, max: 100 }, what: 'When it is built: one condition must hold. Without any: always.' },
    { key: 'engine', shape: SCALAR, what: 'Who builds it: tack.' },
    {
      key: 'tack',
      shape: { _tag: 'Entries', value: { _tag: 'Entries', value: { _tag: 'ScalarOrList' } } },
      what: 'The provider that builds it, one, with what it is told: the pipeline, and settings.'
    },
    {
      key: 'steps',
      shape: {
        _tag: 'List',
        item: {
          _tag: 'Map',
          keys: [
            { key: 'name', shape: SCALAR, what: 'The title in the log; the first line of the command if not given.' },
            { key: 'command', shape: SCALAR, what: 'What a shell runs, in the folder of the checkout.' },
            { key: 'environment', shape: ENVIRONMENT, what: 'Variables of this step.' }
          ]
        },
        max: 100
      },
      what: 'Commands, for providers that run them.'
    },
    { key: 'environment', shape: ENVIRONMENT, what: 'Variables of the build. Those named CI and TANGLED_… are set by tack.' },
    {
      key: 'clone',
      shape: {
        _tag: 'Map',
        keys: [
          { key: 'depth', shape: { _tag: 'Natural' }, what: 'How many commits are fetched; 0: all. 1 if not given.' },
          { key: 'skip', shape: BOOLEAN, what: 'Whether the steps begin in an empty folder.' },
          { key: 'submodules', shape: BOOLEAN, what: 'Whether submodules are fetched, too.' }
        ]
      },
      what: 'How the repository is checked out.'
    }
  ]
}

/** Keys of other engines, which mean nothing here, with what to do instead. */
export const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['architecture', 'a key of another engine: nothing is chosen by it here'],
  ['dependencies', 'a key of the engine nixery: nothing is installed here. Install what you need in a step, or use a provider whose machines have it'],
  ['image', 'a key of another engine: builds have no image here, but what the provider gives them']
])
