/** The command line in this process: what a command says and comes to, in milliseconds. */
import { commandLine } from '../../../shell/cli/command-line.js'
import type { Finished } from './process.js'

/** Runs a command to its end, with that in its environment, and nothing of ours besides. One at a time: the environment is that of the process. */
export const commandHere = async (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}): Promise<Finished> => {
  const before = { ...process.env }
  const [out, err]: [Array<string>, Array<string>] = [[], []]
  for (const name of Object.keys(process.env)) if (name.startsWith('TACK_')) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, more)
  try {
    const code = await commandLine(
      ['node', 'tack', ...args],
      (text) => out.push(text),
      (text) => err.push(text)
    )
    return { code, err: err.join('\n'), out: out.join('\n') }
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, before)
  }
}
