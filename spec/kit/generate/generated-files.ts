/** Traces, vectors and manifest, in memory: what `npm run generate` writes, and what the test compares with the disk. */
import { SUBJECTS } from '../format.js'
import { textOf } from './lines.js'
import { manifestOf, manifestText } from './manifest.js'
import { minimalPlots } from './minimal.js'
import { randomPlots } from './random.js'
import { linesOf, ofExamples, type Plots } from './traces.js'
import { vectorLines } from './vectors.js'

/** Paths are relative to `spec/data/`. */
export type Files = ReadonlyMap<string, string>

/** The folders of which nothing is written by hand. */
export const FOLDERS = ['traces', 'vectors'] as const

const plots = (): Plots => new Map([...ofExamples(), ...minimalPlots(), ...randomPlots()])

export const MANIFEST = 'manifest.json'

export const generated = (): Files => {
  const files: Files = new Map([
    ...[...plots()].map(([name, those]) => [`traces/${name}.jsonl`, textOf(those.flatMap((plot) => [...linesOf(plot)]))] as const),
    ...SUBJECTS.map((subject) => [`vectors/${subject}.jsonl`, textOf(vectorLines(subject))] as const)
  ])
  return new Map([...files, [MANIFEST, manifestText(manifestOf(files))]])
}
