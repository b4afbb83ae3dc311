/** `tack demo --config … --repo …`: one's own configuration and workflows, pushed to the embedded network and built there, as a process. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { inFolder, tack } from '../support/process.js'

// Programs take their time on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

const SOMEBODY = { GIT_AUTHOR_EMAIL: 'a@example', GIT_AUTHOR_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example', GIT_COMMITTER_NAME: 'A' }
const git = (folder: string, ...args: ReadonlyArray<string>): void => void execFileSync('git', ['-C', folder, ...args], { env: { ...process.env, ...SOMEBODY } })

const workflow = (branch: string, command: string): string =>
  `when:\n  - event: push\n    branch: ${branch}\nengine: tack\ntack:\n  ours: {}\nsteps:\n  - name: test\n    command: ${command}\n`

const CONFIGURATION = 'providers:\n  ours:\n    kind: local\nallow: []\n'

/** A repository with these workflows in its HEAD, and a configuration beside it. */
const place = async (folder: string, files: { readonly [name: string]: string }, configuration = CONFIGURATION): Promise<ReadonlyArray<string>> => {
  const repo = join(folder, 'mine')
  await mkdir(join(repo, '.tangled', 'workflows'), { recursive: true })
  git(repo, 'init', '--quiet', '--initial-branch=trunk')
  for (const [name, content] of Object.entries(files)) await writeFile(join(repo, '.tangled', 'workflows', name), content)
  git(repo, 'add', '--all')
  git(repo, 'commit', '--quiet', '--allow-empty', '--message=a')
  const config = join(folder, 'mine.yaml')
  await writeFile(config, configuration)
  return ['demo', '--once', '--config', config, '--repo', repo]
}

describe.skipIf(!hasGit)(`one's own configuration and repository${WITHOUT_GIT}`, () => {
  test('are tried: what applies is built from HEAD, and what does not is said, with why', () =>
    inFolder(async (folder) => {
      const args = await place(folder, { 'ci.yml': workflow('trunk', 'test ! -e uncommitted'), 'other.yml': workflow('main', 'exit 1') })
      await writeFile(join(folder, 'mine', 'uncommitted'), '')
      const { code, err, out } = await tack(args)
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(/^ {2}The page of the spindle: +http:/)
      expect(out).toContain('  ci.yml is built by ours\n  other.yml is not built: when[0] does not match the branch trunk\n')
      expect(out).toContain('Uncommitted changes are not pushed')
      expect(out).toContain('· ci.yml is success')
      expect(out).not.toContain('· other.yml')
    }))

  test('show what failed with the end of its log, and whom the allow-list leaves out', () =>
    inFolder(async (folder) => {
      const args = await place(folder, { 'ci.yml': workflow('trunk', 'echo two and two are five; exit 3') })
      const failed = await tack(args)
      expect([failed.code, failed.err]).toEqual([1, ''])
      expect(failed.out).toContain('│ two and two are five')
      const refused = await tack([...args, '--as', 'did:plc:ewvi7nxzyoun6zhxrhs64oiz/app'])
      expect(refused.code).toBe(1)
      expect(refused.out).toContain('does not let did:plc:ewvi7nxzyoun6zhxrhs64oiz/app use')
    }))

  test('are refused with the cause, and what helps', () =>
    inFolder(async (folder) => {
      const args = await place(folder, {})
      expect(await tack(args)).toMatchObject({ code: 2, err: expect.stringMatching(/has no workflow: commit one in \.tangled\/workflows\//) as string })
      expect(await tack([...args, '--repo', folder])).toMatchObject({ code: 2, err: expect.stringContaining('is not a git repository') as string })
      await writeFile(join(folder, 'bad.yaml'), 'provider: {}\n')
      expect(await tack([...args, '--config', join(folder, 'bad.yaml')])).toMatchObject({ code: 2, err: expect.stringContaining('bad.yaml:1') as string })
      expect(await tack(['demo', '--repo', folder])).toMatchObject({ code: 2, err: expect.stringContaining('name one with --config') as string })
    }))
})
