/** The whole way: a script's payment, through the server and PostgreSQL, to a tile in a real browser. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { openWire, type Wire } from '../support/cut.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const today = Temporal.Now.plainDateISO('UTC')
const daysAgo = (days: number) => today.subtract({ days }).toString()

/** Three customers, one invoice a week each over a year; the last four are open. */
function invoicesCsv(): string {
  const lines = [
    'customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency,settled_on,region',
  ]
  for (let week = 52; week >= 1; week--) {
    for (const [index, name] of ['Harbour Foods', 'North Mill', 'Quay & Sons'].entries()) {
      const issued = week * 7
      const settled = week <= 4 ? '' : daysAgo(issued - 30)
      lines.push(
        `C-${index + 1},${name},INV-${week}-${index + 1},${daysAgo(issued)},${daysAgo(issued - 21)},1000.00,USD,${settled},EMEA`,
      )
    }
  }
  return lines.join('\n')
}

describe.skipIf(binary === null)('the dashboard in a real browser', { timeout: 60_000 }, () => {
  let database: TestDatabase
  let folder: string
  let server: RunningProduct
  let wire: Wire
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let token: string
  const complaints: string[] = []

  beforeAll(async () => {
    database = await createDatabase()
    folder = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'))
    const environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0' }
    server = await startProduct(environment)
    wire = await openWire(server.url)
    await tidemark(
      environment,
      ...'organization create --slug quay --name Quay --currency USD --time-zone UTC'.split(' '),
    )
    token = (
      await tidemark(environment, 'token', 'create', '--organization', 'quay', '--role', 'manager')
    ).stdout.trim()
    const file = join(folder, 'invoices.csv')
    writeFileSync(file, invoicesCsv())
    const imported = await tidemark(environment, 'import', 'invoices', file, '--organization', 'quay')
    if (imported.code !== 0) throw new Error(imported.stderr)
    await execute(server.url, token, createGoal, {
      input: {
        name: 'Receivables below 5,000',
        metric: 'TOTAL_RECEIVABLES',
        direction: 'DECREASE',
        target: '5000',
        deadline: today.add({ days: 60 }).toString(),
        startsOn: daysAgo(30),
        baseline: '14000',
      },
    })
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
    page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await wire?.close()
    await server?.stop()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  const tile = () => page.getByRole('article', { name: 'Receivables below 5,000' })
  const pay = (invoice: string, customer: string) =>
    execute<{ recordReceipt: { __typename: string } }>(server.url, token, recordReceipt, {
      input: {
        customer: { number: customer },
        amount: { amount: '1000.00', currency: 'USD' },
        receivedOn: today.toString(),
        allocations: [{ invoice: { number: invoice } }],
      },
    })
  const shows = (text: string) => tile().getByText(text, { exact: true }).first().waitFor({ timeout: 10_000 })

  it('refuses a wrong token in words, and lets the right one in', async () => {
    await page.goto(wire.url)
    await page.getByLabel('API token').fill('tdm_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('API token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await shows('$12,000')
    await page.getByRole('button', { name: /^Live/ }).waitFor()
    // A token in the page could be stolen by it; the cookie cannot be read by any script.
    expect(await page.evaluate(() => document.cookie + JSON.stringify(localStorage))).not.toContain('tdm_')
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
  })

  it('moves the tile, the strip and the aging when a script records a payment', async () => {
    await page.evaluate(() => Object.assign(window, { isTheSamePage: true }))
    expect((await pay('INV-4-1', 'C-1')).recordReceipt.__typename).toBe('RecordReceiptSuccess')
    await shows('$11,000')
    await page.getByText('$11,000.00').first().waitFor({ timeout: 5_000 })
    expect(await page.evaluate(() => 'isTheSamePage' in window)).toBe(true)
  })

  it('shows the truth again after the socket was cut, without a reload', async () => {
    wire.cut()
    await page.getByRole('button', { name: /^(Reconnecting|Stale)/ }).waitFor({ timeout: 10_000 })
    await pay('INV-4-2', 'C-2')
    await pay('INV-4-3', 'C-3')
    wire.mend()
    await shows('$9,000')
    await page.getByRole('button', { name: /^Live/ }).waitFor({ timeout: 10_000 })
    await pay('INV-3-1', 'C-1')
    await shows('$8,000')
    expect(await page.evaluate(() => 'isTheSamePage' in window)).toBe(true)
  })

  it('has no accessibility violation in light and dark, and nothing wider than the screen at 360 px', async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1440, 360]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        // The page's own policy forbids foreign scripts, which is as it should be: this one comes from outside of it.
        await page.evaluate(axe)
        const violations = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
          }
          return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)
        })
        expect(violations).toEqual([])
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(overflow).toBeLessThanOrEqual(0)
      }
    }
  })

  it('can be used with the keyboard alone, and signs out', async () => {
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.locator('body').press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/skip/i)
    await page.getByRole('button', { name: 'Sign out' }).press('Enter')
    await page.getByLabel('API token').waitFor()
    expect(await context.cookies()).toEqual([])
  })

  it('does all that under its content security policy without a complaint', () => {
    // The browser itself reports the wrong token (401) and the sockets and requests of the cut wire.
    const unexpected = complaints.filter((text) => !/401|WebSocket|Failed to load resource|ERR_/.test(text))
    expect(unexpected).toEqual([])
  })
})

const createGoal = `mutation ($input: CreateGoalInput!) {
  createGoal(input: $input) { __typename ... on Problem { message } }
}`

const recordReceipt = `mutation ($input: RecordReceiptInput!) {
  recordReceipt(input: $input) { __typename ... on Problem { message } }
}`
