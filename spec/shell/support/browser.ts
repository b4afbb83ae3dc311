/** A real browser, where there is one: tests of pages share how it is found, and what it finds fault with. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

/** Where a Chromium is; `undefined`: there is none, and tests that need one are skipped. */
export const CHROMIUM = [process.env['TACK_TEST_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path)
)

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ args: ['--no-sandbox', '--disable-dev-shm-usage'], ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }) })

export interface Visit {
  readonly options?: BrowserContextOptions
  /** What the addresses begin with that the page may ask for. */
  readonly own: string
  readonly timeoutMs: number
  readonly url: string
}

/** A page, with all that the browser finds fault with: errors, warnings, dialogs, and requests elsewhere. */
export const visitPage = async (browser: Browser, { options = {}, own, timeoutMs, url }: Visit): Promise<{ readonly faults: ReadonlyArray<string>; readonly page: Page }> => {
  const context = await browser.newContext({ viewport: { height: 900, width: 1280 }, ...options })
  context.setDefaultTimeout(timeoutMs)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const faults: Array<string> = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(own)) faults.push(`a foreign request: ${request.url()}`)
  })
  await page.goto(url)
  return { faults, page }
}
