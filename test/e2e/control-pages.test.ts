/** Control tests and the plan of sales in a real browser: found, kept, judged and signed; imported and read. */
import { readFile } from 'node:fs/promises'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }
const test = 'Credit limits without a reason'

describe.skipIf(binary === null)('pages of control tests and of the plan', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  // Far from what the demo company has planned.
  const thisMonth = '2030-01'
  const nextMonth = '2030-02'

  const ask = <Data>(document: string, variables: object = {}) =>
    execute<Data>(server.url, token, document, { ...variables })
  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  const panel = (name: string) => page.getByRole('region', { name: new RegExp(`^${name}( .*)?$`) })
  const dialog = () => page.getByRole('dialog')
  const save = () => page.getByRole('button', { name: 'Save', exact: true }).click()
  const download = async (begin: () => Promise<void>): Promise<{ name: string; text: string }> => {
    const [file] = await Promise.all([page.waitForEvent('download', slowest), begin()])
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') }
  }

  beforeAll(async () => {
    database = await createDatabase()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const made = await tidemark(environment, ...'token create --organization demo --role manager'.split(' '))
    token = made.stdout.trim()
    const invited = await tidemark(
      environment,
      ...'member invite --organization demo --email ana@example.com --role admin'.split(' '),
    )
    const { customers } = await ask<{ customers: { nodes: { id: string }[] } }>(
      '{ customers(first: 3) { nodes { id } } }',
    )
    for (const [index, { id }] of customers.nodes.entries()) {
      const input = {
        customer: { id },
        limit: { amount: { amount: '5000', currency: 'USD' } },
        reason: index === 0 ? '.' : 'As agreed in spring',
      }
      await ask('mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename } }', {
        input,
      })
    }
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    viewer = await openViewer(browser)
    page = viewer.page
    await joinByLink(page, server.url, secretIn(invited.stdout), {
      name: 'Ana Brandt',
      password: 'harbour lamp orbit',
    })
  }, 400_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await database.drop()
  })

  it('runs each test on the books, and keeps the period in the address', async () => {
    await page.getByRole('link', { name: 'Audit log', exact: true }).click()
    await page.getByRole('link', { name: 'Control tests', exact: true }).click(slowest)
    await see(page.getByRole('heading', { name: 'Control tests', level: 1 }))
    await see(page.getByRole('row', { name: new RegExp(`${test}.*1 exception of`) }))
    // Thirteen tests, below the heads of their columns.
    expect(await panel('Tests').getByRole('row').count()).toBe(14)
    expect(await inspect(page)).toEqual([])
    await page.getByText('12 months', { exact: true }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('period'), slowest).toBe('12m')
    await page.getByText('From day to day', { exact: true }).click()
    await page.getByLabel('From', { exact: true }).fill('2020-01-01')
    await see(page.getByText(/at most 366 days|366/))
    await page.getByText('30 days', { exact: true }).click()
    await see(page.getByRole('row', { name: new RegExp(`${test}.*1 exception of \\d`) }))
  })

  it('draws the sample that the seed gives, and keeps it as a working paper', async () => {
    await panel('Tests').getByRole('link', { name: test }).click()
    await see(page.getByRole('heading', { name: test, level: 1 }))
    await see(panel('Exceptions').getByText('“.”'))
    await panel('Sample').getByLabel('Seed').fill('autumn')
    await panel('Sample').getByLabel('How many').fill('2')
    await page.getByRole('button', { name: 'Draw the sample' }).click()
    await see(panel('What was tested').getByText('autumn', { exact: true }))
    await expect.poll(() => panel('Sample').getByRole('listitem').count(), slowest).toBe(2)
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'Open a working paper' }).click()
    await see(page.getByText('The working paper is open.'))
    await see(panel('Sample').getByText('0 of 2 done'))
    expect(page.url()).toMatch(/\/demo\/audit\/controlPaper_/)
  })

  it('is signed once it is said what came of each item, and can then be changed no more', async () => {
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
    await dialog().getByRole('button', { name: 'Sign', exact: true }).click()
    await see(dialog().getByText('It has no conclusion yet'))
    await page.keyboard.press('Escape')
    const items = page.getByRole('group', { name: /^What came of/ })
    const count = await items.count()
    await items.nth(0).getByLabel('What was seen').fill('Seen in the minutes')
    await save()
    await see(page.getByText('Say what came of it, too.'))
    for (let index = 0; index < count; index += 1)
      await items
        .nth(index)
        .getByLabel('Outcome')
        .selectOption(index === 0 ? 'FAILED' : 'PASSED')
    await items.nth(0).getByLabel('What was seen').fill('')
    await save()
    await see(page.getByText('Say what was seen where an item failed'))
    expect(await inspect(page)).toEqual([])
    await items.nth(0).getByLabel('What was seen').fill('Nobody knows why')
    await page.getByLabel('Notes').fill('One limit has no reason.')
    await page.getByLabel('The control is').selectOption('DEFICIENT')
    await save()
    await see(panel('Sample').getByText('2 of 2 done'))
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
    await dialog().getByRole('button', { name: 'Sign', exact: true }).click()
    await see(page.getByText(/^Signed by Ana Brandt, .* Nothing of it can be changed any more\./))
    await see(page.getByText('Nobody knows why'))
    await see(panel('Conclusion').getByText('One limit has no reason.'))
    expect(await page.getByRole('textbox').count()).toBe(0)
    expect(await page.getByRole('combobox').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Sign', exact: true }).count()).toBe(0)
    expect(await inspect(page)).toEqual([])
  })

  it('hands out the paper as one document and its items as a table', async () => {
    const document = await download(() => page.getByRole('button', { name: 'Save as a file' }).click())
    expect(document.name).toMatch(/^control-limits-without-reason-.*\.html$/)
    expect(document.text).toContain('One limit has no reason.')
    expect(document.text).toContain('Ana Brandt')
    const table = await download(async () => {
      await page.getByRole('button', { name: 'More for this working paper' }).click()
      await page.getByRole('menuitem', { name: 'Save the items as CSV' }).click()
    })
    expect(table.name).toMatch(/\.csv$/)
    expect(table.text).toContain('Nobody knows why')
    await page.getByRole('link', { name: 'All control tests' }).click()
    await see(panel('Working papers').getByText(/^Signed by Ana Brandt/))
    await see(panel('Working papers').getByText('Deficient'))
    await panel('Working papers').locator('label').filter({ hasText: 'Open' }).click()
    // Of the demo company; the one that was signed is gone from the list.
    await see(panel('Working papers').getByText('Releases over the limit'))
    await expect
      .poll(
        () =>
          panel('Working papers')
            .getByText(/^Signed by/)
            .count(),
        slowest,
      )
      .toBe(0)
    await page.goto(`${server.url}/demo/audit/controlPaper_none`)
    await see(page.getByRole('heading', { name: 'There is no such working paper' }))
  })

  it('takes in a plan of sales: refused line by line, tried, and recorded once', async () => {
    await page.getByRole('link', { name: 'Credit', exact: true }).click()
    await page.getByRole('link', { name: 'Sales plan', exact: true }).click(slowest)
    await see(panel('By month').getByRole('row', { name: /\$\d/ }))
    await see(page.getByRole('columnheader', { name: 'Headroom' }))
    expect(await inspect(page)).toEqual([])
    await page.getByLabel('From', { exact: true }).fill(thisMonth)
    await see(page.getByRole('heading', { name: 'Nothing is planned in these months' }))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'Import a plan' }).click()
    const choose = (csv: string) =>
      page
        .locator('input[type=file]')
        .setInputFiles({ name: 'plan.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    const attempt = () => page.getByRole('button', { name: 'See what would change' }).click()
    const head = 'month,channel,region,product_line,planned'
    await page.getByLabel('Why').fill('Budget')
    await choose(`${head}\n${thisMonth},Direct,,Tools,abc\n`)
    await attempt()
    await see(page.getByRole('row', { name: /^2 planned "abc" is no amount of USD/ }))
    expect(await inspect(page)).toEqual([])
    await choose(
      `${head},colour\n${thisMonth},Direct,,Tools,900000.00,red\n${thisMonth},Direct,,Paint,100000,blue\n${nextMonth},,,,500000000,\n`,
    )
    await attempt()
    await see(page.getByText(/Every line can be taken: 3 to record, 0 planned so already\. Not used: colour/))
    await page.getByRole('button', { name: 'Record 3 lines' }).click()
    await see(page.getByText('3 lines of the plan are recorded.'))
    await see(panel('By month').getByRole('row', { name: /\$1,000,000/ }))
  })

  it('shows by segment and product line what the plan takes, and what is missing', async () => {
    const { creditLinePlan } = await ask<{
      creditLinePlan: { needed: { amount: string }; shortfall: { amount: string } }[]
    }>('{ creditLinePlan(from: "2030-01-01") { needed { amount } shortfall { amount } } }')
    const whole = (amount: string | undefined) =>
      new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }).format(
        Number(amount),
      )
    const [first, second] = creditLinePlan
    await see(page.getByRole('row', { name: /Direct, all regions/ }))
    expect(await page.getByRole('row', { name: /^Tools/ }).count()).toBe(0)
    await page.getByText('Product lines', { exact: true }).click()
    await see(page.getByRole('row', { name: /^Tools \$900,000/ }))
    await see(panel('By month').getByRole('row', { name: new RegExp(`\\${whole(first?.needed.amount)}`) }))
    await panel('By month').getByRole('link').nth(1).click()
    await see(page.getByRole('row', { name: /All channels, all regions.*\$500,000,000/ }))
    expect(Number(second?.shortfall.amount)).toBeGreaterThan(0)
    await see(panel('By month').getByText(whole(second?.shortfall.amount)))
    expect(new URL(page.url()).searchParams.get('month')).toBe(nextMonth)
    expect(await inspect(page)).toEqual([])
    await page.getByText('6 months', { exact: true }).click()
    await expect.poll(() => panel('By month').getByRole('row').count(), slowest).toBe(7)
  })

  it('had no complaint of the browser', () => {
    // A period that is too long is refused, which the browser tells as an answer of 400 or not at all.
    expect(viewer.complaints.filter((complaint) => !complaint.includes('400'))).toEqual([])
  })
})
