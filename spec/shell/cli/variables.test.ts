/** Variables of the environment: those that mean something, and what is said of others. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { knownVariables, unknownVariables } from '../../../shell/cli/variables.js'
import { tooOld } from '../../../shell/lib/node-version.js'

const SHELL = new URL('../../../shell/', import.meta.url)

const sources = ['cli', 'providers'].flatMap((folder) =>
  readdirSync(new URL(folder, SHELL))
    // The skeleton is there to be copied: no program has it.
    .filter((name) => name.endsWith('.ts') && name !== 'variables.ts' && name !== 'skeleton.ts')
    .map((name) => readFileSync(new URL(`${folder}/${name}`, SHELL), 'utf8'))
)

describe('the known variables', () => {
  test('are those that the program reads', () => {
    const read = new Set(sources.flatMap((text) => [...text.matchAll(/(?:environment\[|\.env\(|variable: |signingSecret\(|token\()'(TACK_[A-Z_]+)'|(?<=[{,] )(TACK_[A-Z_]+): /g)].map(([, a, b]) => a ?? b ?? '')))
    expect(read.size).toBeGreaterThan(20)
    expect([...read].sort()).toEqual([...new Set(knownVariables())].sort())
  })
})

describe('a variable that means nothing', () => {
  test('is named, with the nearest that does', () => {
    const environment = { HOME: '/', TACK_HOSNAME: 'ci.example', TACK_HOSTNAME: 'ci.example', TACK_WEBHOOK_SECRETS: 'never shown' }
    expect(unknownVariables(environment)).toEqual([
      'TACK_HOSNAME is not a setting, and is ignored. Did you mean TACK_HOSTNAME?',
      'TACK_WEBHOOK_SECRETS is not a setting, and is ignored. Did you mean TACK_WEBHOOK_SECRET?'
    ])
  })

  test('is left alone where it is Kubernetes that sets it, for a service of that name', () => {
    const environment = { TACK_PORT: 'tcp://10.0.0.1:80', TACK_PORT_80_TCP_ADDR: '10.0.0.1', TACK_SERVICE_HOST: '10.0.0.1', TACK_SERVICE_PORT_HTTP: '80' }
    expect(unknownVariables(environment)).toEqual([])
  })
})

describe('a version of Node', () => {
  test.each(['18.20.4', '20.18.3', '8.0.0'])('%s is too old, and that is said in a sentence', (version) => {
    expect(tooOld(version)).toBe(`tack needs Node 20.19 or later; this is ${version}: https://nodejs.org/en/download`)
  })

  test.each(['20.19.0', '20.20.1', '22.0.0', '24.1.0-nightly'])('%s is not', (version) => expect(tooOld(version)).toBeNull())
})
