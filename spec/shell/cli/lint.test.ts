/** `tack lint` and `tack try` as an author has them: real processes in a repository, exit codes, and what programs read. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inFolder, tack } from '../support/process.js'

const GOOD = 'when: {event: push, branch: main, paths: ["src/**"]}\nengine: tack\ntack: {ours: {pipeline: app}}\nsteps: [{command: make}]\n'

test('an author checks the files of a repository, and tries them', () =>
  inFolder(async (folder) => {
    const workflows = join(folder, '.tangled', 'workflows')
    const run = (...args: ReadonlyArray<string>) => tack(args, {}, folder)

    const none = await run('lint')
    expect([none.code, none.err]).toEqual([2, 'error: There is no workflow file in .tangled/workflows. Name one: tack lint FILE\n'])

    await mkdir(workflows, { recursive: true })
    await writeFile(join(workflows, 'README.md'), 'not one')
    await writeFile(join(workflows, 'ci.yml'), GOOD)
    expect(await run('lint')).toEqual({ code: 0, err: '', out: '1 file, 0 errors, 0 warnings\n' })

    const nothing = await run('try')
    expect([nothing.code, nothing.out]).toEqual([
      0,
      '.tangled/workflows/ci.yml: does not apply\n  when[0].paths needs to know which files the push changed, and that is not said\n'
    ])
    const built = await run('try', '--changed', 'src/a.ts', 'README.md', '--json')
    expect(built.code).toBe(0)
    expect(JSON.parse(built.out)).toMatchObject([{ _tag: 'Built', file: '.tangled/workflows/ci.yml', plan: { pipeline: 'app', provider: 'ours' } }])

    // With the spindle's configuration, another account's repository may not use what the list does not name.
    await writeFile(join(folder, 'tack.yaml'), 'owner: did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\nproviders: {ours: {kind: webhook, url: "https://ci.example", secret: "0123456789abcdef"}}\n')
    const refused = await run('try', '--config', 'tack.yaml', '--repo', 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app', '--changed', 'src/a.ts')
    expect([refused.code, refused.out]).toEqual([
      1,
      '.tangled/workflows/ci.yml: would fail: The operator of this spindle does not let did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app use pipeline "app" of provider "ours".\n'
    ])

    await writeFile(join(workflows, 'bad.yml'), 'engine: tack\ntack: {ours: {}}\nsteps:\n  - name: a\n')
    const bad = await run('lint', '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.out)).toEqual([
      { column: 5, file: '.tangled/workflows/bad.yml', line: 4, message: 'steps[0].command is missing. Write what a shell is to run; several lines as a block (|).', severity: 'error' }
    ])

    // What its provider would refuse is not said to be built.
    await writeFile(join(workflows, 'idle.yml'), 'engine: tack\ntack: {local: {}}\n')
    const idle = await run('try', '.tangled/workflows/idle.yml')
    expect([idle.code, idle.out]).toEqual([1, '.tangled/workflows/idle.yml: would fail: tack.local has nothing to run: there are no steps.\n'])

    const missing = await run('lint', 'nowhere.yml')
    expect([missing.code, missing.out]).toEqual([2, ''])
    expect(missing.err).toContain('nowhere.yml')
  }))

test('the project’s own workflow is one that a spindle builds', async () => {
  expect(await tack(['lint', '.tangled/workflows/ci.yml'])).toEqual({ code: 0, err: '', out: '1 file, 0 errors, 0 warnings\n' })
  const tried = await tack(['try', '.tangled/workflows/ci.yml', '--json'])
  expect(JSON.parse(tried.out)).toMatchObject([{ _tag: 'Built', plan: { steps: [{ command: 'npm ci' }, { command: 'npm test' }, { command: 'npm run lint' }] } }])
})
