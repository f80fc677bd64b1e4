/** The whole way: a script's payment, through the server and PostgreSQL, to a tile in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { openWire, type Wire } from '../support/cut.ts'
import {
  inspect,
  joinByLink,
  openViewer,
  secretIn,
  signOutPerson,
  type Viewer,
} from '../support/dashboard.ts'
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
  let viewer: Viewer
  let page: Page
  let token: string
  let invitation: string

  beforeAll(async () => {
    database = await createDatabase()
    folder = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'))
    const environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0', TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    wire = await openWire(server.url)
    const create = 'organization create --slug quay --name Quay --currency USD --time-zone UTC'
    invitation = secretIn(
      (await tidemark(environment, ...create.split(' '), '--admin', 'anna@example.com')).stdout,
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
    viewer = await openViewer(browser)
    page = viewer.page
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

  it('shows the goal to somebody who was invited, and their secrets to no script', async () => {
    await joinByLink(page, wire.url, invitation, { name: 'Anna Lindqvist', password: 'harbour lamp orbit' })
    await shows('$12,000')
    await page.getByRole('button', { name: /^Live/ }).waitFor()
    const kept = await page.evaluate(() =>
      JSON.stringify([document.cookie, localStorage, sessionStorage, history.state, location.href]),
    )
    expect(kept).not.toMatch(/td[a-z]_/)
    const [cookie] = await viewer.context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: expect.stringMatching(/Strict|Lax/) })
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
    expect(await inspect(page)).toEqual([])
  })

  it('can be used with the keyboard alone, and signs out', async () => {
    await page.reload()
    await shows('$8,000')
    await page.locator('body').press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/skip/i)
    await signOutPerson(page)
    expect(await viewer.context.cookies()).toEqual([])
  })

  it('does all that under its content security policy without a complaint', () => {
    // The browser itself reports the sockets and requests of the cut wire.
    const unexpected = viewer.complaints.filter(
      (text) => !/WebSocket|Failed to load resource|ERR_/.test(text),
    )
    expect(unexpected).toEqual([])
  })
})

const createGoal = `mutation ($input: CreateGoalInput!) {
  createGoal(input: $input) { __typename ... on Problem { message } }
}`

const recordReceipt = `mutation ($input: RecordReceiptInput!) {
  recordReceipt(input: $input) { __typename ... on Problem { message } }
}`
