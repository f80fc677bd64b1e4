/** The review of a goal on the demo book in a real browser: read, talked about, saved, signed, and then as it is. */
import { readFileSync } from 'node:fs'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }
const NAME = 'Past due below a thousand'

describe.skipIf(binary === null)('reviews in a real browser', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string

  const ask = <Data>(document: string, variables: object = {}) =>
    execute<Data>(server.url, token, document, { ...variables })
  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  const panel = (name: string) => page.getByRole('region', { name: new RegExp(`^${name}( \\d.*)?$`) })
  const dialog = () => page.getByRole('dialog')

  beforeAll(async () => {
    database = await createDatabase()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const made = await tidemark(environment, 'token', 'create', '--organization', 'demo', '--role', 'manager')
    if (made.code !== 0) throw new Error(made.stderr)
    token = made.stdout.trim()
    const invited = await tidemark(
      environment,
      ...'member invite --organization demo --email ana@example.com --role manager'.split(' '),
    )
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    viewer = await openViewer(browser)
    page = viewer.page
    const account = { name: 'Ana Brandt', password: 'harbour lamp orbit' }
    await joinByLink(page, server.url, secretIn(invited.stdout), account)

    const { organization, members } = await ask<{
      organization: { today: string }
      members: { nodes: { id: string; email: string }[] }
    }>('{ organization { today } members { nodes { id email } } }')
    const today = Temporal.PlainDate.from(organization.today)
    const { createGoal } = await ask<{ createGoal: { goal: { id: string } } }>(
      'mutation ($input: CreateGoalInput!) { createGoal(input: $input) { ... on CreateGoalSuccess { goal { id } } } }',
      {
        input: {
          name: NAME,
          metric: 'PAST_DUE',
          direction: 'DECREASE',
          target: '1000',
          startsOn: today.subtract({ days: 70 }).toString(),
          deadline: today.add({ days: 90 }).toString(),
          ownerId: members.nodes.find(({ email }) => email === 'ana@example.com')?.id,
        },
      },
    )
    await ask(
      'mutation ($input: OpenGoalReviewInput!) { openGoalReview(input: $input) { __typename ... on Problem { message } } }',
      {
        input: {
          goal: createGoal.goal.id,
          kind: 'MONTHLY_ANALYSIS',
          on: today.subtract({ days: today.day }).toString(),
        },
      },
    )
  }, 400_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await database.drop()
  })

  it('is found among those that wait', async () => {
    await page.getByRole('link', { name: 'Reviews', exact: true }).click()
    await see(page.getByRole('heading', { name: 'Reviews', level: 1 }))
    await see(page.getByRole('row', { name: new RegExp(`${NAME}.*Waits for Ana Brandt`) }))
    expect(await inspect(page)).toEqual([])
    await page.getByText('Signed', { exact: true }).first().click()
    await see(page.getByText('No reviews yet'))
    expect(new URL(page.url()).searchParams.get('show')).toBe('signed')
    await page.goBack()
    await page.goto(`${server.url}/demo/reviews`)
    await page.getByRole('link', { name: NAME }).click(slowest)
    await see(page.getByRole('heading', { name: `Monthly analysis: ${NAME}`, level: 1 }))
  })

  it('tells what happened and what moved it', async () => {
    await see(
      panel('What happened').getByText(/^Past due went from .* to .*; the way to the target asked for/),
    )
    await see(panel('What moved it').getByText(/^[+−]USD/))
    expect(await inspect(page)).toEqual([])
  })

  it('keeps what was said and decided', async () => {
    const talk = panel('Discussed and decided')
    await talk.getByLabel('What was said').fill('Two large customers pay late.')
    await talk.getByRole('button', { name: 'Add a decision' }).click()
    await talk.getByLabel('Decision', { exact: true }).fill('Call them every Monday')
    await talk.getByLabel('Who').selectOption({ label: 'Ana Brandt' })
    await talk.getByRole('button', { name: 'Save', exact: true }).click()
    await see(page.getByText('What was said and decided is saved.'))
    await page.reload()
    await expect
      .poll(() => talk.getByLabel('Decision', { exact: true }).inputValue(), slowest)
      .toBe('Call them every Monday')
    expect(await inspect(page)).toEqual([])
  })

  it('is saved as one file', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download', slowest),
      page.getByRole('button', { name: 'Save as a file' }).click(),
    ])
    const text = readFileSync(await download.path(), 'utf8')
    expect(download.suggestedFilename()).toMatch(/^review-\d{4}-\d\d-01-.*\.html$/)
    expect(text).toContain(`<h1>Monthly analysis: ${NAME}</h1>`)
    expect(text).toContain('Call them every Monday')
  })

  it('is signed, and then nothing of it can be changed', async () => {
    await page.getByRole('button', { name: 'Sign', exact: true }).click()
    await see(dialog().getByText(/nothing of it can be changed any more/))
    await dialog().getByRole('button', { name: 'Sign', exact: true }).click()
    await see(panel('Signatures').getByText(/^Owner · signed/))
    await see(panel('Discussed and decided').getByText('Call them every Monday'))
    expect(await panel('Discussed and decided').getByRole('button').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Sign', exact: true }).count()).toBe(0)
    expect(await inspect(page)).toEqual([])
  })

  it('had no complaint of the browser', () => {
    expect(viewer.complaints).toEqual([])
  })
})
