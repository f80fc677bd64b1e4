/** Customers and their credit on the demo book in a real browser: found, read, limited, held, reviewed and imported. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }

describe.skipIf(binary === null)('credit in a real browser', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  let admin: string
  let today: Temporal.PlainDate
  /** Those who owe most. */
  let first: { id: string; number: string; name: string }
  let second: typeof first

  const ask = <Data>(document: string, variables: object = {}) =>
    execute<Data>(server.url, token, document, { ...variables })
  const mutate = async (name: string, input: object) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
    const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on Problem { message } } }`
    const answer = await ask<Record<string, { __typename: string }>>(document, { input })
    if (!answer[name]?.__typename.endsWith('Success')) throw new Error(JSON.stringify(answer))
  }
  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  const panel = (name: string) =>
    page.getByRole('region', { name: new RegExp(`^${name}( (more than )?[\\d,]+)?$`) })
  const dialog = () => page.getByRole('dialog')
  beforeAll(async () => {
    database = await createDatabase()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const makeToken = async (role: string) => {
      const made = await tidemark(environment, 'token', 'create', '--organization', 'demo', '--role', role)
      if (made.code !== 0) throw new Error(made.stderr)
      return made.stdout.trim()
    }
    token = await makeToken('manager')
    admin = await makeToken('admin')
    const invited = await tidemark(
      environment,
      ...'member invite --organization demo --email ana@example.com --role manager'.split(' '),
    )
    const { organization, customers } = await ask<{
      organization: { today: string }
      customers: { nodes: (typeof first)[] }
    }>(
      '{ organization { today } customers(first: 2, orderBy: [{ field: BALANCE, direction: DESC }]) { nodes { id number name } } }',
    )
    today = Temporal.PlainDate.from(organization.today)
    const [one, two] = customers.nodes
    if (!one || !two) throw new Error('The demo has no customers')
    first = one
    second = two
    await mutate('setCreditLimit', {
      customer: { id: first.id },
      limit: { amount: { amount: '5000', currency: 'USD' } },
      reason: 'As agreed in spring',
    })
    await mutate('reviewCredit', {
      customer: { id: second.id },
      nextReviewOn: today.add({ days: 20 }).toString(),
      riskClass: 'HIGH',
      reason: 'Pays late',
    })
    await mutate('recordOrder', {
      customer: { id: first.id },
      number: 'O-77',
      amount: { amount: '900.50', currency: 'USD' },
    })
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
    await database.drop()
  })

  it('lists customers with what is the matter', async () => {
    await page.getByRole('link', { name: 'Customers', exact: true }).click()
    await see(page.getByRole('heading', { name: 'Customers', level: 1 }))
    await see(page.getByRole('row', { name: new RegExp(`${first.name}.*Over the limit`) }))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'Show more' }).click()
    await expect.poll(() => page.getByRole('row').count(), slowest).toBeGreaterThan(90)
  })

  it('finds them by state, by risk and by name, and keeps that in the address', async () => {
    await page.getByLabel('Show').selectOption('over')
    await see(page.getByRole('row', { name: new RegExp(first.name) }))
    expect(new URL(page.url()).searchParams.get('show')).toBe('over')
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByLabel('Risk class').selectOption('high')
    await see(page.getByRole('row', { name: new RegExp(second.name) }))
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByLabel('Search').fill(first.number)
    await expect.poll(() => new URL(page.url()).searchParams.get('q'), slowest).toBe(first.number)
    await page.getByLabel('Search').fill('nobody is called that')
    await see(page.getByText('No customer fits'))
    expect(await inspect(page)).toEqual([])
    await page.goto(`${server.url}/demo/customers?q=${first.number}`)
    await page.getByRole('link', { name: first.name }).click(slowest)
    await see(page.getByRole('heading', { name: first.name, level: 1 }))
  })

  it('shows a customer with all of it', async () => {
    await see(panel('Credit').getByText('Over the limit'))
    await see(panel('Open invoices').getByRole('row'))
    await see(panel('Orders').getByText('O-77'))
    await see(panel('Limits that were set').getByText('“As agreed in spring”'))
    await see(panel('What happened').getByText('Ordered'))
    expect(await inspect(page)).toEqual([])
    await panel('What happened').getByLabel('About').selectOption('CREDIT')
    await see(panel('What happened').getByText('Set a credit limit'))
    await expect.poll(() => panel('What happened').getByText('Billed').count(), slowest).toBe(0)
    await panel('What happened').getByLabel('About').selectOption('')
  })

  it('sets a limit after it was shown what would change', async () => {
    await page.getByRole('button', { name: 'Set the limit' }).click()
    await dialog().getByLabel('Limit', { exact: true }).fill('100')
    await dialog().getByLabel('Why').fill('Pays too late')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/are used today: the customer will be over the limit/))
    await see(dialog().getByText('What then holds'))
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Back' }).click()
    await dialog().getByLabel('Limit', { exact: true }).fill('9000000.123')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/is no amount of USD/))
    await dialog().getByLabel('Limit', { exact: true }).fill('9000000')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await dialog().getByRole('button', { name: 'Set the limit' }).click()
    await see(panel('Credit').getByText('Within the limit'))
    await see(panel('Limits that were set').getByText('“Pays too late”'))
  })

  it('answers whether an order may go out', async () => {
    await page.getByRole('button', { name: 'Ask about an order' }).click()
    await dialog().getByLabel('For how much').fill('99000000')
    await page.keyboard.press('Enter')
    await see(dialog().getByText('$9,000,000.00'))
    expect(await inspect(page)).toEqual([])
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
  })

  it('holds and lets go, and hears what others do', async () => {
    await page.getByRole('button', { name: 'Hold', exact: true }).click()
    await dialog().getByLabel('Why').fill('A cheque came back')
    await dialog().getByRole('button', { name: 'Hold', exact: true }).click()
    await see(page.getByText('“A cheque came back”'))
    await mutate('releaseCreditHold', { customer: { id: first.id }, reason: 'It was paid' })
    await see(page.getByRole('button', { name: 'Hold', exact: true }))
    await see(panel('What happened').getByText('“It was paid”'))
    expect(await page.getByText('On hold', { exact: true }).count()).toBe(0)
  })

  it('has what is to be reviewed, and reviews it', async () => {
    await page.getByRole('link', { name: 'Credit', exact: true }).click()
    await see(page.getByText('In 30 days', { exact: true }))
    await page.getByText('In 30 days', { exact: true }).click()
    await see(page.getByRole('row', { name: new RegExp(`${second.name}.*in 20 days`) }))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: `Review ${second.name}` }).click()
    await dialog().getByLabel('What came of it').fill('Better by now')
    await dialog().getByLabel('Risk class').selectOption('LOW')
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Record the review' }).click()
    await page.getByRole('row', { name: new RegExp(second.name) }).waitFor({ state: 'detached' })
  })

  it('tries a file of limits line by line, and sets them once', async () => {
    await page.getByRole('link', { name: 'Import', exact: true }).click()
    await see(page.getByRole('heading', { name: 'Import limits', level: 1 }))
    const csv = `customer,limit\n${first.number},12000\n${second.number},800.00\nnobody,5\n`
    await page.locator('input[type=file]').setInputFiles({
      name: 'limits.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(csv),
    })
    await page.getByLabel('Why').fill('Yearly limits')
    await page.getByRole('button', { name: 'See what would change' }).click()
    await see(page.getByText(/Nothing can be set while a line is refused: 2 to set, 0 unchanged, 1 refused/))
    await see(page.getByRole('row', { name: /nobody|Unknown/ }))
    expect(await inspect(page)).toEqual([])
    await page.getByLabel('Take the good lines alone').check()
    await page.getByRole('button', { name: 'See what would change' }).click()
    await page.getByRole('button', { name: 'Set 2 limits' }).click()
    await see(page.getByText(/2 limits are set, 0 were so already, 1 lines were left out/))
    const { customer } = await ask<{ customer: { creditLimit: { amount: { amount: string } } } }>(
      'query ($id: ID!) { customer(by: { id: $id }) { creditLimit { amount { amount } } } }',
      { id: second.id },
    )
    expect(customer.creditLimit.amount.amount).toBe('800.00')
  })

  it('approves what somebody else asked for, and asks for what is above its own authority', async () => {
    const setMatrix = `mutation ($input: SetAuthorityMatrixInput!) {
      setAuthorityMatrix(input: $input) { __typename ... on Problem { message path } } }`
    const rules = [
      { action: 'CREDIT_LIMIT', upTo: '20000', deciders: [{ anyone: true }] },
      { action: 'CREDIT_LIMIT', approvers: [{ role: 'MANAGER' }] },
    ]
    const set = await execute<{ setAuthorityMatrix: { __typename: string } }>(server.url, admin, setMatrix, {
      input: { rules, reason: 'Signed by the board' },
    })
    expect(set.setAuthorityMatrix.__typename).toBe('SetAuthorityMatrixSuccess')
    const asked = await ask<{ setCreditLimit: { __typename: string } }>(
      'mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename } }',
      {
        input: {
          customer: { id: second.id },
          limit: { amount: { amount: '500000', currency: 'USD' } },
          reason: 'A large project',
        },
      },
    )
    expect(asked.setCreditLimit.__typename).toBe('ApprovalRequested')
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await see(page.getByText('“A large project”'))
    await page.getByText('What it would do, and what was said').click()
    await see(page.getByRole('rowheader', { name: second.name }))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'Approve' }).click()
    await dialog().getByLabel('Comment (optional)').fill('Insured')
    await dialog().getByRole('button', { name: 'Approve' }).click()
    await see(page.getByText('It is approved and carried out.'))
    await see(page.getByText('Nothing waits for you'))
    await page.goto(`${server.url}/demo/customers/${second.id}`)
    await see(panel('Credit').getByText('$500,000'))
    await page.getByRole('button', { name: 'Set the limit' }).click(slowest)
    await dialog().getByLabel('Limit', { exact: true }).fill('900000')
    await dialog().getByLabel('Why').fill('Larger still')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/above your authority/))
    await dialog().getByRole('button', { name: 'Ask for approval' }).click()
    await see(page.getByText('It waits for approval.'))
    await page.goto(`${server.url}/demo/credit/requests?show=mine`)
    await page.getByRole('button', { name: 'Take back' }).click(slowest)
    await dialog().getByRole('button', { name: 'Take back' }).click()
    await see(page.getByText('Taken back'))
  })

  it('tries a policy on the past before it is set', async () => {
    await page.getByRole('link', { name: 'Policy', exact: true }).click()
    await see(page.getByText('Nobody has set rules yet: these are the defaults.'))
    await page.getByLabel('What exceeds the limit by more').selectOption('BLOCK')
    await page.getByLabel('On the last').selectOption('6')
    await page.getByRole('button', { name: 'Try on the past' }).click()
    await see(page.getByRole('heading', { name: 'Would have been stopped' }))
    await see(panel('Who').getByRole('link'))
    expect(await inspect(page)).toEqual([])
    await page.getByLabel('Tolerance, in percent of the limit').fill('101')
    await page.getByRole('button', { name: 'Try on the past' }).click()
    await see(page.locator('[aria-invalid=true]'))
    await page.getByLabel('Tolerance, in percent of the limit').fill('10')
    await page.getByRole('button', { name: 'Set the policy' }).click()
    await dialog().getByLabel('Why').fill('Decided in May')
    await dialog().getByRole('button', { name: 'See what would change' }).click()
    await see(dialog().getByText(/Tolerance:.*10% of the limit/))
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Set the policy' }).click()
    await see(page.getByText(/^Version 1, .*“Decided in May”$/))
    const { creditPolicy } = await ask<{ creditPolicy: { overLimit: string; tolerancePercent: string } }>(
      '{ creditPolicy { overLimit tolerancePercent } }',
    )
    expect(creditPolicy.overLimit).toBe('BLOCK')
    expect(Number(creditPolicy.tolerancePercent)).toBe(10)
  })

  it('publishes the text that somebody else wrote, and acknowledges it', async () => {
    await mutate('saveCreditPolicyText', { title: 'Credit policy', body: '# Terms\n\nThirty days.' })
    await page.getByRole('link', { name: 'Text', exact: true }).click()
    await see(page.getByText('No text of the policy is in force yet.'))
    await page.getByRole('button', { name: 'Publish' }).click()
    await dialog().getByLabel('Why').fill('Decided by the board')
    await dialog().getByRole('button', { name: 'Publish' }).click()
    await see(panel('In force').getByText(/^Version 1, published on/))
    await page.getByRole('button', { name: 'I have read it' }).click()
    await see(panel('In force').getByText('Acknowledged by 1'))
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'New draft' }).click()
    await dialog().getByLabel('Text', { exact: true }).fill('Twenty days.')
    await dialog().getByRole('button', { name: 'Save the draft' }).click()
    await see(page.getByText('Twenty days.'))
    expect(await page.getByRole('button', { name: 'I have read it' }).count()).toBe(0)
  })

  it('had no complaint of the browser', () => {
    expect(viewer.complaints).toEqual([])
  })
})
