/** What tests do in the dashboard again and again, in a real browser. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'

export type Viewer = {
  readonly context: BrowserContext
  readonly page: Page
  /** Errors of the console, broken rules of the content policy among them, and what was thrown. */
  readonly complaints: readonly string[]
}

/** Somebody in a browser of their own, with a clipboard. */
export const openViewer = async (browser: Browser): Promise<Viewer> => {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { context, page, complaints }
}

/** The secret of the link that a command or a page shows. */
export const secretIn = (text: string): string => {
  const secret = /#(\S+)/.exec(text)?.[1]
  if (secret === undefined) throw new Error(`There is no link in: ${text}`)
  return secret
}

type NewAccount = { readonly name: string; readonly password: string }

/** Accepts an invitation as somebody who has no account yet, and waits for the dashboard. */
export const joinByLink = async (
  page: Page,
  url: string,
  secret: string,
  { name, password }: NewAccount,
): Promise<void> => {
  await page.goto(`${url}/invitation#${secret}`)
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: /^Join / }).click()
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor()
}

/** Fills the sign-in page that is shown in. */
export const signInPerson = async (page: Page, email: string, password: string): Promise<void> => {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

export const signOutPerson = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: /account, theme, sign out/ }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Axe = { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }

const faultsOf = async (page: Page): Promise<string[]> => {
  // The page's own policy forbids foreign scripts, which is as it should be: this one comes from outside of it.
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe }
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)
  })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  return overflow > 0 ? [...violations, `${overflow} px wider than the screen`] : violations
}

/** Those that end by themselves, such as the mark of a figure that has just moved. */
const endAnimations = () => {
  for (const animation of document.getAnimations())
    if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish()
}

/** What is wrong with the page as it stands: for those who cannot see it, and on a narrow screen, light and dark. */
export const inspect = async (page: Page): Promise<string[]> => {
  const faults: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 360]) {
      // Colours on their way from light to dark have the contrast of neither.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })
      await page.evaluate(endAnimations)
      const found = await faultsOf(page)
      faults.push(...found.map((fault) => `${colorScheme}, ${width} px: ${fault}`))
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
  await page.setViewportSize({ width: 1440, height: 900 })
  return faults
}
