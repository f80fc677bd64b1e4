/** The pages of KPIs and of aging on the demo book: asked, dated, cut, explained and live, in a real browser. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, openViewer, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 20_000 }
/** A number as the page shows it, its true minus sign included. */
const numberIn = (text: string | null): number =>
  Number((text ?? '').replace('\u2212', '-').replaceAll(/[^\d.-]/g, ''))

const theDay = /* GraphQL */ `
  query ($asOf: Date) {
    organization {
      today
    }
    aging(asOf: $asOf) {
      total {
        amount
      }
    }
    kpis(metrics: [DSO], asOf: $asOf) {
      value
    }
  }
`
const anOpenInvoice = /* GraphQL */ `
  query ($asOf: Date!) {
    invoices(first: 1, filter: { openOn: $asOf, currency: ["USD"] }) {
      nodes {
        number
        customer {
          number
        }
        balance {
          amount
          currency
        }
      }
    }
  }
`
const pay = /* GraphQL */ `
  mutation ($input: RecordReceiptInput!) {
    recordReceipt(input: $input) {
      __typename
    }
  }
`
const aCustomer = /* GraphQL */ `
  {
    customers(first: 1) {
      nodes {
        number
        name
      }
    }
  }
`
const whoOwes = /* GraphQL */ `
  query ($asOf: Date!) {
    agingByCustomer(first: 1, asOf: $asOf, filter: { region: ["EMEA"] }) {
      nodes {
        customer {
          number
        }
      }
    }
  }
`
const knownToOwe = /* GraphQL */ `
  query ($asOf: Date!, $knownAt: DateTime!) {
    agingByCustomer(first: 1, asOf: $asOf, knownAt: $knownAt, filter: { channel: ["Direct"] }) {
      nodes {
        customer {
          invoices(first: 1000, filter: { openOn: $asOf, openKnownAt: $knownAt }) {
            nodes {
              number
            }
          }
        }
      }
    }
  }
`
const move = /* GraphQL */ `
  mutation ($input: MoveCustomerInput!) {
    moveCustomer(input: $input) {
      __typename
    }
  }
`
const inApac = /* GraphQL */ `
  query ($asOf: Date!) {
    was: aging(asOf: $asOf, filter: { region: ["APAC"] }, segments: AS_WAS) {
      total {
        amount
      }
    }
    is: aging(asOf: $asOf, filter: { region: ["APAC"] }, segments: AS_IS) {
      total {
        amount
      }
    }
  }
`
type WhoOwes = {
  readonly agingByCustomer: { readonly nodes: readonly { readonly customer: { readonly number: string } }[] }
}
type KnownToOwe = {
  readonly agingByCustomer: {
    readonly nodes: readonly {
      readonly customer: { readonly invoices: { readonly nodes: readonly { readonly number: string }[] } }
    }[]
  }
}
type InApac = Readonly<Record<'was' | 'is', { readonly total: { readonly amount: string } }>>
type Customers = { readonly customers: { readonly nodes: readonly { number: string; name: string }[] } }
type Day = {
  readonly organization: { readonly today: string }
  readonly aging: { readonly total: { readonly amount: string } }
  readonly kpis: readonly { readonly value: number }[]
}
type Open = {
  readonly invoices: {
    readonly nodes: readonly {
      readonly number: string
      readonly customer: { readonly number: string }
      readonly balance: { readonly amount: string; readonly currency: string }
    }[]
  }
}

describe.skipIf(binary === null)('KPIs and aging in a real browser', { timeout: 90_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  let today: string
  let monthEnd: string

  const goTo = async (path: string, heading: string) => {
    await page.goto(server.url + path)
    await see(page.getByRole('heading', { name: heading, level: 1 }))
  }
  const ask = <Data>(query: string, variables: Readonly<Record<string, unknown>>) =>
    execute<Data>(server.url, token, query, variables)
  /** Waits for what is to be seen. Where a busy machine gave an answer up, it asks again as a person would. */
  const see = async (what: Locator) => {
    const again = page.getByRole('button', { name: 'Try again' })
    for (let tries = 0; tries < 5; tries += 1) {
      await what.or(again).first().waitFor(slowest)
      if (await what.first().isVisible()) return
      await again.first().click()
      // It stays until the answer is there, which may be another failure.
      await what
        .first()
        .waitFor({ timeout: 6_000 })
        .catch(() => {})
    }
    await what.first().waitFor(slowest)
  }
  const parameter = (name: string) => new URL(page.url()).searchParams.get(name)
  const notLive = () => page.getByText('Not live.')
  const panel = (name: string) => page.getByRole('region', { name })
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click(slowest)

  beforeAll(async () => {
    database = await createDatabase()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const made = await tidemark(environment, 'token', 'create', '--organization', 'demo', '--role', 'manager')
    if (made.code !== 0) throw new Error(made.stderr)
    token = made.stdout.trim()
    today = (await ask<Day>(theDay, {})).organization.today
    monthEnd = Temporal.PlainDate.from(today).with({ day: 1 }).subtract({ days: 1 }).toString()
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    viewer = await openViewer(browser)
    page = viewer.page
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await database.drop()
  })

  describe('the KPIs', () => {
    it('are all there, by what they are about', async () => {
      await goTo('/demo/kpis', 'KPIs')
      const { kpiCatalog } = await ask<{ kpiCatalog: readonly { name: string }[] }>(
        '{ kpiCatalog { name } }',
        {},
      )
      await see(page.getByRole('heading', { level: 3 }).first())
      const names = await page.getByRole('heading', { level: 3 }).allTextContents()
      expect(names.toSorted()).toEqual(kpiCatalog.map(({ name }) => name).toSorted())
      expect(await page.getByRole('heading', { level: 2 }).count()).toBeGreaterThan(4)
      expect(await inspect(page)).toEqual([])
    })

    it('lead each to a page with its formula, its history and its segments', async () => {
      await page.getByRole('link', { name: 'Days sales outstanding', exact: true }).click()
      await page.waitForURL(`${server.url}/demo/kpis/dso`, slowest)
      const [now] = (await ask<Day>(theDay, {})).kpis
      const facts = panel('Value and definition')
      await see(facts.getByText(now?.value.toFixed(1) ?? '', { exact: true }))
      await facts.getByText(/sales of the window/).waitFor()
      await facts.getByText(/JD Edwards/).waitFor()
      await see(panel('By segment').getByRole('row', { name: /EMEA/ }))
      await see(panel('Over time').getByRole('slider'))
      await see(panel('Why it changed').getByRole('list').first())
      expect(await page.title()).toMatch(/^Days sales outstanding · /)
      expect(await inspect(page)).toEqual([])
    })

    it('are read point by point with the arrow keys, and as a table', async () => {
      const chart = panel('Over time').getByRole('slider')
      await see(chart)
      await chart.focus()
      const last = await chart.getAttribute('aria-valuetext')
      await page.keyboard.press('ArrowLeft')
      await expect.poll(() => chart.getAttribute('aria-valuetext')).not.toBe(last)
      await panel('Over time').getByText('As a table').click()
      const table = page.getByRole('table', { name: /Days sales outstanding, months/ })
      expect(await table.getByRole('row').count()).toBeGreaterThan(12)
      await page.getByText('Days', { exact: true }).click()
      await page.waitForURL(/series=DAY/, slowest)
    })

    it('show any day, as known at any moment, by their address; one press leads back', async () => {
      await goTo('/demo/kpis/dso', 'Days sales outstanding')
      await press(/Choose the day/)
      await page.getByLabel('As of the end of').fill(monthEnd)
      await page.getByRole('button', { name: 'When that day ended' }).click()
      await page.getByRole('button', { name: 'Show', exact: true }).click()
      await see(notLive())
      expect(parameter('asOf')).toBe(monthEnd)
      // The clock of the organization: its midnight is four or five hours after that of UTC.
      expect(parameter('knownAt')).toMatch(/T0[45]:00:00\.000Z$/)
      expect(await page.getByRole('button', { name: /^Live/ }).count()).toBe(0)
      expect(await inspect(page)).toEqual([])

      await page.goto(`${server.url}/demo/kpis/dso?asOf=${monthEnd}`)
      const [then] = (await ask<Day>(theDay, { asOf: monthEnd })).kpis
      const shown = panel('Value and definition').getByText(then?.value.toFixed(1) ?? '', { exact: true })
      await see(shown)
      await press('Back to live')
      await notLive().waitFor({ state: 'detached', ...slowest })
      expect(parameter('asOf')).toBeNull()
      await page.goBack()
      await see(notLive())
      await see(shown)
    })

    it('keep the day on the way to the others', async () => {
      await page.getByRole('link', { name: 'All KPIs' }).click()
      await page.waitForURL(`${server.url}/demo/kpis?asOf=${monthEnd}`, slowest)
      await see(notLive())
      expect(parameter('asOf')).toBe(monthEnd)
    })

    it('go down to one segment and up again', async () => {
      await goTo('/demo/kpis/dso', 'Days sales outstanding')
      await panel('By segment').getByRole('link', { name: 'EMEA' }).click(slowest)
      await page.waitForURL(/region=EMEA/, slowest)
      await panel('By segment')
        .getByRole('row', { name: /APAC/ })
        .waitFor({ state: 'detached', ...slowest })
      await press(/Region: EMEA\. Show all again/)
      await see(panel('By segment').getByRole('row', { name: /APAC/ }))
      expect(parameter('region')).toBeNull()
    })

    it('follow another convention, which the address has', async () => {
      const before = await page
        .getByText(/^Denominator$/)
        .locator('xpath=following-sibling::dd')
        .textContent()
      await page.getByLabel('Sales of the last').selectOption('12')
      await page.waitForURL(/dsoMonths=12/, slowest)
      const denominator = page.getByText(/^Denominator$/).locator('xpath=following-sibling::dd')
      await expect.poll(() => denominator.textContent(), slowest).not.toBe(before)
      await press('As the organization has it')
      await expect.poll(() => parameter('dsoMonths'), slowest).toBeNull()
    })

    it('are asked for once more where that took too long, and hold up nothing meanwhile', async () => {
      let given = 0
      await page.route('**/graphql', async (route) => {
        const { operationName } = route.request().postDataJSON() as { operationName?: string }
        if (operationName !== 'Kpi' || given > 0) return route.continue()
        given += 1
        const error = { message: 'This took too long.', extensions: { code: 'TIMEOUT' } }
        return route.fulfill({ json: { data: null, errors: [error] } })
      })
      await page.goto(`${server.url}/demo/kpis/dso`)
      await page.getByText('This took too long.').waitFor(slowest)
      await panel('Value and definition').waitFor(slowest)
      await page.unroute('**/graphql')
      expect(given).toBe(1)
      expect(await page.getByText('This took too long.').count()).toBe(0)
    })

    it('say in words why there is no value', async () => {
      await goTo('/demo/kpis/dso?asOf=2001-01-31', 'Days sales outstanding')
      await panel('Value and definition')
        .getByText(/books|history/i)
        .first()
        .waitFor(slowest)
      await goTo('/demo/kpis/of-nothing', 'There is no such KPI')
      expect(await inspect(page)).toEqual([])
    })
  })

  describe('the explanation', () => {
    it('has steps that add up to the change', async () => {
      await goTo(`/demo/kpis/dso?since=${monthEnd}`, 'Days sales outstanding')
      const steps = page.getByRole('list', { name: 'From the first value to the second' })
      await see(steps)
      const rows = (await steps.getByRole('listitem').allTextContents()).map((text) =>
        numberIn(/[+\u2212]?[\d.]+\u00a0days/.exec(text)?.[0] ?? ''),
      )
      const [first = 0, ...rest] = rows
      const last = rest.pop() ?? 0
      const sum = rest.reduce((total, change) => total + change, first)
      expect(rest.length).toBeGreaterThan(5)
      expect(Math.abs(sum - last)).toBeLessThan(0.0005 * rows.length)
    })

    it('opens down to segments, customers and invoices', async () => {
      await press(/^Late and early payment/)
      const region = page.getByRole('list', { name: 'Region' }).getByRole('button').first()
      await see(region)
      await region.click()
      const customers = page.getByRole('list', { name: 'Customers' })
      await see(customers)
      await customers.getByRole('button').first().click(slowest)
      await see(page.getByRole('list', { name: /^Invoices of / }))
      await page.getByText('All other customers').waitFor()
      expect(
        await page
          .getByRole('list', { name: /^Invoices of / })
          .getByRole('listitem')
          .count(),
      ).toBeGreaterThan(0)
      expect(await inspect(page)).toEqual([])
    })
  })

  describe('what was recorded late', () => {
    const restated = () =>
      page.getByRole('table', { name: 'Figures as first known and as known now, the newest first' })

    it('is told with the figure that it moved, down to the entries', async () => {
      const late = Temporal.PlainDate.from(monthEnd).with({ day: 1 }).subtract({ days: 1 })
      const [customer] = (await ask<Customers>(aCustomer, {})).customers.nodes
      if (!customer) throw new Error('The demo has no customer')
      await ask(pay, {
        input: {
          customer: { number: customer.number },
          amount: { amount: '1234.56', currency: 'USD' },
          receivedOn: late.toString(),
          allocations: [],
        },
      })
      await goTo('/demo/kpis/unapplied-cash', 'Unapplied cash')
      await panel('First known, and now').scrollIntoViewIfNeeded()
      const name = late.toLocaleString('en-US', { dateStyle: 'medium' })
      const row = restated().getByRole('row', { name: new RegExp(`^${name}`) })
      await see(row)
      const [first = 0, now = 0, change = 0] = (await row.getByRole('cell').allTextContents()).map(numberIn)
      expect(Math.round((now - first) * 100)).toBe(Math.round(change * 100))
      expect(change).toBeGreaterThanOrEqual(1234.56)
      await row.getByRole('button').click()
      const entries = page.getByRole('table', { name: 'Entries recorded later, the largest first' })
      const received = entries.getByRole('row', { name: /Money received/ }).filter({ hasText: '$1,234.56' })
      await see(received)
      expect(await received.textContent()).toContain(customer.name)
      expect(await inspect(page)).toEqual([])
    })

    it('may wait longer for what counts as known, by the address', async () => {
      await page.getByRole('combobox', { name: 'First known' }).selectOption({ label: 'after a month' })
      await page.waitForURL(/after=31/, slowest)
      await see(page.getByText(/out of what was known after a month/))
      expect(await page.getByRole('combobox', { name: 'First known' }).inputValue()).toBe('31')
    })

    it('says so where nothing moved', async () => {
      await goTo('/demo/kpis/unapplied-cash?asOf=2001-01-31', 'Unapplied cash')
      await panel('First known, and now').scrollIntoViewIfNeeded()
      await see(panel('First known, and now').getByText('Not restated.', { exact: true }))
      expect(await restated().getByRole('button').count()).toBe(0)
    })
  })

  describe('the aging', () => {
    const ages = () => page.getByRole('table', { name: 'Open receivables by age' })
    const labels = () => ages().locator('tbody').getByRole('rowheader').allTextContents()
    const amountOf = async (row: RegExp) =>
      numberIn(await ages().getByRole('row', { name: row }).getByRole('cell').last().textContent())

    it('adds up to the ledger, and says so when asked', async () => {
      await goTo('/demo/aging', 'Aging')
      await see(ages())
      const buckets = await ages().locator('tbody tr td:last-child').allTextContents()
      const sum = buckets.reduce((total, text) => total + Math.round(numberIn(text) * 100), 0)
      expect(sum).toBe(Math.round((await amountOf(/^Open receivables/)) * 100))
      await press('Check against the ledger')
      await see(page.getByText(/nothing is unexplained/))
      expect(await inspect(page)).toEqual([])
    })

    it('says how receivables went from one balance to another', async () => {
      const books = page.getByRole('table', { name: /^Receivables from / })
      await see(books)
      const cents = (await books.locator('tbody td').allTextContents()).map((text) =>
        Math.round(numberIn(text) * 100),
      )
      const closing = cents.pop()
      expect(cents.reduce((total, amount) => total + amount, 0)).toBe(closing)
      expect(closing).toBe(Math.round((await amountOf(/^Open receivables/)) * 100))
    })

    it('takes any edges, and says what is wrong with others', async () => {
      const edges = page.getByLabel('Last day of each age')
      await edges.fill('45, 15')
      await press('Set')
      await see(page.getByText(/15 follows 45/))
      await edges.fill('15, 45')
      await press('Set')
      await page.waitForURL(/edges=15-45/, slowest)
      await expect.poll(labels, slowest).toEqual(['Current', '1-15', '16-45', '46+'])
      await page.getByText('Invoice date', { exact: true }).click()
      await expect.poll(labels, slowest).toEqual(['0-15', '16-45', '46+'])
      await page.goBack()
      await expect.poll(labels, slowest).toEqual(['Current', '1-15', '16-45', '46+'])
    })

    it('is that of any day, by its address', async () => {
      await goTo(`/demo/aging?asOf=${monthEnd}`, 'Aging')
      await see(notLive())
      const { aging } = await ask<Day>(theDay, { asOf: monthEnd })
      await expect.poll(() => amountOf(/^Open receivables/), slowest).toBe(Number(aging.total.amount))
    })

    it('goes down to customers and their open invoices', async () => {
      const customers = page.getByRole('table', { name: 'Customers, who owes most first' })
      await see(customers)
      await customers.getByRole('button').first().click(slowest)
      const invoices = page.getByRole('table', { name: 'Open invoices, the earliest due date first' })
      await see(invoices.getByRole('row').nth(1))
      expect(await inspect(page)).toEqual([])
      await panel('By segment').getByLabel('Dimension').selectOption('CHANNEL')
      await panel('By segment').getByRole('link').first().click(slowest)
      await page.waitForURL(/channel=/, slowest)
      expect(await inspect(page)).toEqual([])
    })

    it('lists the invoices that were known to be open, and says that they are of all segments', async () => {
      const knownAt = `${today}T00:00:00.000Z`
      await goTo(`/demo/aging?asOf=${monthEnd}&knownAt=${knownAt}&channel=Direct`, 'Aging')
      const customers = page.getByRole('table', { name: 'Customers, who owes most first' })
      await see(customers)
      await customers.getByRole('button').first().click(slowest)
      await see(page.getByText(/whichever segment they are in/))
      const { agingByCustomer } = await ask<KnownToOwe>(knownToOwe, { asOf: monthEnd, knownAt })
      const { invoices } = agingByCustomer.nodes[0]?.customer ?? { invoices: { nodes: [] } }
      expect(invoices.nodes.length).toBeGreaterThan(0)
      const listed = page.getByRole('table', { name: 'Open invoices, the earliest due date first' })
      const known = new Set(invoices.nodes.map(({ number }) => number))
      const shown = async () => {
        const texts = await listed.locator('tbody th span:first-child').allTextContents()
        return { count: texts.length, others: texts.filter((text) => !known.has(text.trim())) }
      }
      await expect.poll(shown, slowest).toEqual({ count: Math.min(25, known.size), others: [] })
    })

    it('counts what moved where it was, or where it is now', async () => {
      const [owing] = (await ask<WhoOwes>(whoOwes, { asOf: monthEnd })).agingByCustomer.nodes
      const { moveCustomer } = await ask<{ moveCustomer: { __typename: string } }>(move, {
        input: { customer: owing?.customer, from: today, region: 'APAC', reason: 'Served from Singapore' },
      })
      expect(moveCustomer.__typename).toBe('MoveCustomerSuccess')
      const { was, is } = await ask<InApac>(inApac, { asOf: monthEnd })
      expect(Number(is.total.amount)).toBeGreaterThan(Number(was.total.amount))

      const segments = panel('By segment')
      const apac = async () =>
        numberIn(await segments.getByRole('row', { name: /APAC/ }).getByRole('cell').textContent())
      await goTo(`/demo/aging?asOf=${monthEnd}`, 'Aging')
      await see(segments.getByRole('row', { name: /APAC/ }))
      await expect.poll(apac, slowest).toBe(Number(was.total.amount))
      await segments.getByText('As they are', { exact: true }).click()
      await page.waitForURL(/segments=AS_IS/, slowest)
      await expect.poll(apac, slowest).toBe(Number(is.total.amount))
      await see(segments.getByText(/as if it had always been there/))
      expect(await inspect(page)).toEqual([])

      await goTo(`/demo/kpis/total-receivables?asOf=${monthEnd}&segments=AS_IS`, 'Total receivables')
      await expect.poll(apac, slowest).toBe(Math.round(Number(is.total.amount)))
      await press('Segments as they are today. Show them as they were')
      await expect.poll(apac, slowest).toBe(Math.round(Number(was.total.amount)))
      expect(parameter('segments')).toBeNull()
    })

    it('moves when a script records a payment, and never while it shows the past', async () => {
      await goTo('/demo/aging', 'Aging')
      await see(page.getByRole('button', { name: /^Live\./ }))
      await see(ages())
      const before = await amountOf(/^Open receivables/)
      await page.evaluate(() => Object.assign(window, { isTheSamePage: true }))
      const [open] = (await ask<Open>(anOpenInvoice, { asOf: today })).invoices.nodes
      if (!open) throw new Error('The demo has no open invoice')
      const { recordReceipt } = await ask<{ recordReceipt: { __typename: string } }>(pay, {
        input: {
          customer: { number: open.customer.number },
          amount: open.balance,
          receivedOn: today,
          allocations: [{ invoice: { number: open.number } }],
        },
      })
      expect(recordReceipt.__typename).toBe('RecordReceiptSuccess')
      const expected = Math.round((before - Number(open.balance.amount)) * 100)
      await expect
        .poll(async () => Math.round((await amountOf(/^Open receivables/)) * 100), slowest)
        .toBe(expected)
      expect(await page.evaluate(() => 'isTheSamePage' in window)).toBe(true)
    })
  })

  it('does all that under its content security policy without a complaint', () => {
    expect(viewer.complaints.filter((text) => !/WebSocket/.test(text))).toEqual([])
  })
})
