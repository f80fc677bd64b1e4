/** Applications for credit, every rule of the policy and its text on the demo book in a real browser. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Mailbox, openMailbox } from '../support/alerts.ts'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }

const markdown = `# Terms of sale

Every limit has **one** owner; see the [guide](https://example.com/guide).

<script>document.title = 'taken over'</script>

| Class | Limit |
|-------|------:|
| High | 0 |

- No order leaves above the limit.`

describe.skipIf(binary === null)('applications in a real browser', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let mailbox: Mailbox
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  let known: { id: string; number: string; name: string }

  const ask = <Data>(document: string, variables: object = {}) =>
    execute<Data>(server.url, token, document, { ...variables })
  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  const panel = (name: string) => page.getByRole('region', { name: new RegExp(`^${name}( [\\d,]+)?$`) })
  const dialog = () => page.getByRole('dialog')
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click(slowest)
  const open = async (path: string, heading: string) => {
    await page.goto(`${server.url}/demo/${path}`)
    await see(page.getByRole('heading', { name: heading, level: 1 }))
  }

  beforeAll(async () => {
    database = await createDatabase()
    mailbox = await openMailbox()
    const environment = {
      DATABASE_URL: database.url,
      TRUSTED_DOCUMENTS: '1',
      SMTP_URL: mailbox.url,
      MAIL_FROM: 'tidemark@company.example',
    }
    server = await startProduct(environment)
    const made = await tidemark(environment, ...'token create --organization demo --role admin'.split(' '))
    if (made.code !== 0) throw new Error(made.stderr)
    token = made.stdout.trim()
    const invited = await tidemark(
      environment,
      ...'member invite --organization demo --email ana@example.com --role admin'.split(' '),
    )
    const { customers } = await ask<{ customers: { nodes: (typeof known)[] } }>(
      '{ customers(first: 1, orderBy: [{ field: BALANCE, direction: DESC }]) { nodes { id number name } } }',
    )
    const [first] = customers.nodes
    if (!first) throw new Error('The demo has no customers')
    known = first
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    viewer = await openViewer(browser)
    page = viewer.page
    const account = { name: 'Ana Brandt', password: 'harbour lamp orbit' }
    await joinByLink(page, server.url, secretIn(invited.stdout), account)
  }, 400_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await mailbox?.close()
    await database.drop()
  })

  it('refuses what is not complete, field by field', async () => {
    await open('credit/applications', 'Applications')
    await see(page.getByRole('row', { name: /Saltmarsh Kitchen Supply/ }))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('link', { name: 'New application' }).click()
    await page.getByLabel('Limit', { exact: true }).fill('150000')
    await press('Enter the application')
    await expect.poll(() => page.locator('[aria-invalid=true]').count(), slowest).toBe(14)
    expect(await page.getByText('It is missing').count()).toBe(14)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('legalName')
    expect(await inspect(page)).toEqual([])
  })

  it('enters a complete one, and shows its score line by line', async () => {
    const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
    await fill('Registered name', 'Kestrel Marine Supply')
    await fill('Registration number', 'HRB 12345')
    await fill('Address', 'Dock Street 5, Hamburg')
    await fill('Founded on', '2009-04-01')
    await fill('Contact', 'Jo Meyer')
    await fill('E-mail of the contact', 'jo.example.com')
    await fill('Terms, in days', '45')
    await fill('Sells in a year', '4000000')
    for (const [index, name] of ['First Harbour Bank', 'Nord Steel', 'Ropes & Co'].entries()) {
      const reference = page.getByRole('group', { name: `Reference ${index + 1}` })
      await reference.getByLabel('Who').fill(name)
      await reference.getByLabel('How to reach them').fill('By telephone')
      await reference.getByLabel('What they say').selectOption(index === 2 ? 'MIXED' : 'POSITIVE')
    }
    await press('Enter the application')
    await see(page.getByText('"jo.example.com" is no e-mail address'))
    await fill('E-mail of the contact', 'jo@example.com')
    await press('Enter the application')
    await see(page.getByRole('heading', { name: 'Kestrel Marine Supply', level: 1 }))
    const score = panel('What the scorecard says')
    await see(score.getByRole('row', { name: /^Years in business .* 100 30 30$/ }))
    await see(score.getByText('87.5 of 100'))
    await see(panel('References').getByText('Nord Steel'))
    expect(await inspect(page)).toEqual([])
  })

  it('grants it to a customer that is made of who asked, after it was shown what would change', async () => {
    await press('Make it a customer')
    await dialog().getByLabel('Number').fill('K-1')
    await dialog().getByRole('button', { name: 'Make it a customer' }).click()
    await see(page.getByText('Kestrel Marine Supply is a customer now.'))
    await press('Decide')
    await dialog().getByLabel('Limit in USD').fill('120000')
    await dialog().getByLabel('Why').fill('Pays as agreed\nGood references')
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText('Granted in part: $120,000.00, 45 days.'))
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Grant it' }).click()
    await see(panel('Decision').getByText('“Good references”'))
    await see(panel('Decision').getByText('the same day'))
    expect(await page.getByRole('button', { name: 'Decide' }).count()).toBe(0)
    const { customer } = await ask<{ customer: object }>(
      '{ customer(by: { number: "K-1" }) { termsDays creditLimit { amount { amount } } credit { riskClass } } }',
    )
    expect(customer).toEqual({
      termsDays: 45,
      creditLimit: { amount: { amount: '120000.00' } },
      credit: { riskClass: 'LOW' },
    })
  })

  it('asks for approval of what is above somebody’s authority, and takes an application back', async () => {
    const rules = [
      { action: 'CREDIT_LIMIT', upTo: '1000', deciders: [{ anyone: true }] },
      { action: 'CREDIT_LIMIT', approvers: [{ role: 'MANAGER' }] },
    ]
    const set = await ask<{ setAuthorityMatrix: { __typename: string } }>(
      'mutation ($input: SetAuthorityMatrixInput!) { setAuthorityMatrix(input: $input) { __typename } }',
      { input: { rules, reason: 'Signed by the board' } },
    )
    expect(set.setAuthorityMatrix.__typename).toBe('SetAuthorityMatrixSuccess')
    const reference = (kind: string, name: string) => ({ kind, name, contact: 'By telephone' })
    const usd = (amount: string) => ({ amount, currency: 'USD' })
    const input = {
      customer: { id: known.id },
      legalName: known.name,
      registrationNumber: 'HRB 1',
      address: 'Here',
      contactName: 'Ada',
      contactEmail: 'ada@example.com',
      foundedOn: '2001-01-01',
      annualRevenue: usd('90000000'),
      requestedLimit: usd('900000'),
      requestedTermsDays: 30,
      references: [reference('BANK', 'A'), reference('TRADE', 'B'), reference('TRADE', 'C')],
    }
    await ask(
      'mutation ($input: SubmitCreditApplicationInput!) { submitCreditApplication(input: $input) { __typename } }',
      { input },
    )
    await open(`customers/${known.id}`, known.name)
    await panel('Applications for credit').getByRole('link', { name: known.name }).click(slowest)
    await press('Decide')
    await dialog().getByLabel('Why').fill('A large project')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/above your authority/))
    await dialog().getByRole('button', { name: 'Ask for approval' }).click()
    await see(page.getByText('A decision on it waits for approval:'))
    expect(await inspect(page)).toEqual([])
    await press('Take back')
    await dialog().getByLabel('Why').fill('They found somebody else')
    await dialog().getByRole('button', { name: 'Take it back' }).click()
    await see(page.getByText('Taken back', { exact: true }))
    await open('credit/applications?show=all', 'Applications')
    await see(page.getByRole('row', { name: new RegExp(`${known.name} Taken back`) }))
    await see(page.getByRole('row', { name: /Kestrel Marine Supply Granted in part/ }))
    expect(await inspect(page)).toEqual([])
  })

  it('shows the scorecard and sets another', async () => {
    await page.getByRole('link', { name: 'Scorecard' }).click()
    await see(page.getByText(/this one is there from the start/))
    expect(await inspect(page)).toEqual([])
    await press('Change the scorecard')
    await press('Add a criterion')
    const added = page.getByRole('group', { name: 'Criterion 5' })
    await added.getByLabel('Its key').fill('equity_ratio')
    await added.getByLabel('Name').fill('Equity ratio')
    await added.getByLabel('Points by value').fill('20: 101')
    expect(await inspect(page)).toEqual([])
    await dialog().getByLabel('Why').fill('Balance sheets count too')
    await press('Set the scorecard')
    await see(added.locator('[aria-invalid=true]'))
    await added.getByLabel('Points by value').fill('0: 40, 20: 100')
    await press('Set the scorecard')
    await see(page.getByText(/^Version 1\./))
    await see(page.getByRole('row', { name: /Equity ratio equity_ratio/ }))
    await open('credit/applications/new', 'New application')
    await see(page.getByLabel('Equity ratio (optional)'))
  })

  it('edits every rule of the policy, for a day to come too, and tells the versions apart', async () => {
    await open('credit/policy', 'Policy')
    await press('Add a step')
    await page.getByRole('group', { name: 'Step 1' }).getByLabel('Sales').check()
    await page
      .getByRole('group', { name: /^The greatest limit by risk class/ })
      .getByLabel('High')
      .fill('50000')
    await page
      .getByRole('group', { name: /^Reviewed again/ })
      .getByLabel('High')
      .fill('3')
    await press('Add a rating')
    await page.getByLabel('Who gives it').fill('Agency')
    await page.getByLabel('Grade', { exact: true }).fill('B')
    await page.getByLabel('Greatest limit, in USD', { exact: true }).fill('20000')
    const days = page.getByRole('group', { name: 'Step 1' }).getByLabel('Past due for more days than')
    await days.fill('30')
    await page.getByLabel('On the last').selectOption('6')
    await press('Try on the past')
    await see(page.getByRole('group', { name: 'Step 1' }).locator('[aria-invalid=true]'))
    await days.fill('45')
    await press('Try on the past')
    await see(page.getByRole('heading', { name: 'Would have been stopped' }))
    await press('Set the policy')
    const { organization } = await ask<{ organization: { today: string } }>('{ organization { today } }')
    const day = Temporal.PlainDate.from(organization.today).add({ months: 2 }).toString()
    await dialog().getByLabel('From (optional)').fill(day)
    await dialog().getByLabel('Why').fill('For next year')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/Granted by rating: none .* Agency B: \$20,000\.00/))
    await dialog().getByRole('button', { name: 'Set the policy' }).click()
    await see(page.getByText(/^Version 1 holds from .* on\.$/))
    await see(panel('Versions').getByText('To come'))
    await see(panel('Versions').getByText(/over 45 days with more than \$0\.00 is blocked/))
    expect(await inspect(page)).toEqual([])
    const { creditPolicies } = await ask<{ creditPolicies: { nodes: object[] } }>(
      `{ creditPolicies { nodes { effectiveOn escalation { days tell } classLimits { riskClass amount { amount } }
         ratingLimits { source grade } reviewPeriods { riskClass months } overGranted } } }`,
    )
    expect(creditPolicies.nodes).toEqual([
      {
        effectiveOn: day,
        escalation: [{ days: 45, tell: ['CREDIT_MANAGER', 'SALES'] }],
        classLimits: [{ riskClass: 'HIGH', amount: { amount: '50000.00' } }],
        ratingLimits: [{ source: 'Agency', grade: 'B' }],
        reviewPeriods: [{ riskClass: 'HIGH', months: 3 }],
        overGranted: 'REVIEW',
      },
    ])
  })

  it('shows the text as it reads, runs nothing of it, and sends it', async () => {
    const saved = await ask<{ saveCreditPolicyText: { __typename: string } }>(
      'mutation ($input: SaveCreditPolicyTextInput!) { saveCreditPolicyText(input: $input) { __typename } }',
      { input: { title: 'Credit policy', body: markdown } },
    )
    expect(saved.saveCreditPolicyText.__typename).toBe('SaveCreditPolicyTextSuccess')
    await open('credit/text', 'Text of the policy')
    await see(page.getByRole('heading', { name: 'Terms of sale' }))
    await press('Publish')
    await dialog().getByLabel('Why').fill('Decided by the board')
    await dialog().getByRole('button', { name: 'Publish' }).click()
    const text = panel('Credit policy')
    await see(text.getByText("<script>document.title = 'taken over'</script>"))
    expect(await text.locator('script').count()).toBe(0)
    expect(await page.title()).not.toBe('taken over')
    await see(text.getByRole('cell', { name: 'High' }))
    await see(text.getByRole('listitem').filter({ hasText: 'No order leaves above the limit.' }))
    expect(await text.getByRole('link', { name: 'guide' }).getAttribute('href')).toBe(
      'https://example.com/guide',
    )
    expect(await inspect(page)).toEqual([])
    await press('Send to customers')
    await dialog().getByLabel('E-mail addresses').fill('one@example.com, two')
    await dialog().getByRole('button', { name: 'Send', exact: true }).click()
    await see(dialog().getByText('"two" is no e-mail address'))
    await dialog().getByLabel('E-mail addresses').fill('one@example.com\ntwo@example.com')
    await dialog().getByLabel('Customer (optional)').fill(known.number)
    await dialog().getByLabel(known.name).click(slowest)
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Send', exact: true }).click()
    await see(page.getByText('It goes to 2 addresses.'))
    await expect
      .poll(() => panel('Sent').getByText('Sent', { exact: true }).count(), { timeout: 60_000 })
      .toBe(2)
    expect(await panel('Sent').getByRole('link', { name: known.name }).count()).toBe(2)
    expect(mailbox.messages.flatMap(({ to }) => to).toSorted()).toEqual([
      'one@example.com',
      'two@example.com',
    ])
    expect(await inspect(page)).toEqual([])
  })

  it('draws the limits over time beside what was used of them', async () => {
    await open(`customers/${known.id}`, known.name)
    const chart = panel('Limits that were set').getByRole('slider')
    await see(chart)
    await chart.focus()
    await page.keyboard.press('ArrowLeft')
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/used; limit: \S*[\d,]+/)
    expect(await inspect(page)).toEqual([])
  })

  it('had no complaint of the browser', () => {
    expect(viewer.complaints).toEqual([])
  })
})
