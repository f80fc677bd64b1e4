/** Rules of alerts on the demo book in a real browser: tried on the past, made, changed, switched and deleted. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { openHook, type Hook } from '../support/alerts.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }

type Rule = {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly enabled: boolean
}

describe.skipIf(binary === null)('the pages of alert rules in a real browser', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  let hook: Hook

  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  const panel = (name: string) => page.getByRole('region', { name: new RegExp(`^${name}( \\d.*| trying)?$`) })
  const dialog = () => page.getByRole('dialog')
  const item = (name: string) => page.getByRole('listitem').filter({ hasText: name })
  const goTo = async (path: string, heading: string) => {
    await page.goto(server.url + path)
    await see(page.getByRole('heading', { name: heading, level: 1 }))
  }
  const readRules = async (): Promise<readonly Rule[]> => {
    const document = '{ alertRules(first: 200) { nodes { id name version enabled } } }'
    const answer = await execute<{ alertRules: { nodes: Rule[] } }>(server.url, token, document, {})
    return answer.alertRules.nodes
  }
  const ruleNamed = async (name: string): Promise<Rule> => {
    const rule = (await readRules()).find((one) => one.name === name)
    if (rule === undefined) throw new Error(`There is no rule ${name}`)
    return rule
  }

  beforeAll(async () => {
    database = await createDatabase()
    hook = await openHook()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1', PRIVATE_WEBHOOKS: '1' }
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
  }, 400_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await hook?.close()
    await database.drop()
  })

  it('lists what is watched, and finds one', async () => {
    await page.getByRole('link', { name: /^Alerts/ }).click()
    await see(page.getByRole('heading', { name: 'Alerts', level: 1 }))
    await page.getByRole('link', { name: 'Rules', exact: true }).click()
    await see(page.getByRole('heading', { name: 'Alert rules', level: 1 }))
    const rules = await readRules()
    await see(item(rules[0]?.name ?? 'none'))
    expect(await panel('Rules').getByRole('listitem').count()).toBe(rules.length)
    expect(await inspect(page)).toEqual([])
    await page.getByLabel('Search').fill('zzz')
    await see(page.getByText('No rule fits.'))
    await page.getByLabel('Search').fill('')
    await see(item(rules[0]?.name ?? 'none'))
  })

  it('adds a place to send to, whose secret is shown once', async () => {
    await page.getByRole('link', { name: 'Channels', exact: true }).click()
    await see(page.getByRole('heading', { name: 'Channels', level: 1 }))
    await page.getByRole('button', { name: 'New channel' }).click(slowest)
    await dialog().getByLabel('Name').fill('The pager')
    await dialog().getByLabel('Addresses').fill('nobody@example.com')
    await dialog().getByRole('button', { name: 'Add it' }).click()
    // This server sends no mail.
    await see(dialog().getByText(/sends no mail/))
    await dialog().getByText('Webhook', { exact: true }).click()
    await dialog().getByLabel('Address').fill(hook.url)
    await dialog().getByRole('button', { name: 'Add it' }).click()
    await see(dialog().getByText(/^whsec_/))
    await dialog().getByRole('button', { name: 'Done' }).click()
    await see(panel('Where alerts are sent to').getByText(hook.url))
    expect(await inspect(page)).toEqual([])
  })

  it('tries a rule on the past while it is written', async () => {
    await goTo('/demo/kpis/past-due', 'Past due')
    await page.getByRole('link', { name: 'Watch it by an alert rule' }).click()
    await see(page.getByRole('heading', { name: 'New rule', level: 1 }))
    const past = panel('On the past')
    await see(past.getByText(/As soon as it says/))
    await page.getByLabel('Name').fill('Past due is high')
    await page.getByLabel('Above').fill('1')
    await see(past.getByText('It would have fired once'))
    await see(past.getByText('Each time'))
    await page.getByLabel('Above').fill('999999999')
    await see(past.getByText('It would not have fired'))
    await page.getByLabel('It fires when').selectOption({ label: 'The value went up' })
    await page.getByLabel('By more than').fill('1')
    await see(past.getByText(/It would have fired [\d,]+ times/))
    await see(past.getByText('False alarms'))
    await past.getByText('Each time').click()
    expect(await past.getByRole('listitem').count()).toBeGreaterThan(1)
    expect(await inspect(page)).toEqual([])
    await page.getByText('When it is over, and against flapping').click()
    await page.getByLabel('Over at').fill('99')
    await expect.poll(() => page.getByLabel('Over at').getAttribute('aria-invalid'), slowest).toBe('true')
    await page.getByLabel('Over at').fill('0')
  })

  it('makes it with quiet hours and a channel, switched off', async () => {
    await page.getByLabel('Quiet hours').check()
    await page.getByLabel('The pager').check()
    await page.getByLabel('Severity').selectOption('CRITICAL')
    await page.getByRole('button', { name: 'Keep it switched off' }).click()
    await see(page.getByRole('heading', { name: 'Alert rules', level: 1 }))
    await see(item('Past due is high').getByText('silent 20:00 to 07:00'))
    expect(await ruleNamed('Past due is high')).toMatchObject({ enabled: false })
  })

  it('makes a rule on credit, for whom the credit policy wants to be told', async () => {
    await goTo('/demo/alerts/new', 'New rule')
    await page.getByLabel('Name').fill('Late for sales')
    await page.locator('#content').getByText('Credit', { exact: true }).click()
    await see(page.getByText('The credit of all customers'))
    await see(panel('On the past').getByText(/is not tried/))
    expect(await page.getByLabel('For so many days').count()).toBe(0)
    await page.getByLabel('It fires when').selectOption({ label: 'A customer owes for too long' })
    await page.getByLabel('Credit manager', { exact: true }).uncheck()
    await page.getByLabel('Sales', { exact: true }).check()
    expect(await inspect(page)).toEqual([])
    await page.getByRole('button', { name: 'Keep it switched off' }).click()
    await see(page.getByRole('heading', { name: 'Alert rules', level: 1 }))
    await see(item('Late for sales').getByText(/wants sales to be told/))
    await see(item('Late for sales').getByText('Credit · All customers'))
    expect(await ruleNamed('Late for sales')).toMatchObject({ enabled: false })
  })

  it('shows what it would have done before it is switched on, and switches it off', async () => {
    await item('Past due is high').getByRole('switch').click()
    await see(dialog().getByText(/It would have fired [\d,]+ times/))
    expect(await inspect(page)).toEqual([])
    await dialog().getByRole('button', { name: 'Switch it on' }).click()
    await dialog().waitFor({ state: 'detached', ...slowest })
    await expect
      .poll(() => item('Past due is high').getByRole('switch').getAttribute('aria-checked'), slowest)
      .toBe('true')
    expect(await ruleNamed('Past due is high')).toMatchObject({ enabled: true })
    await item('Past due is high').getByRole('switch').click()
    await see(item('Past due is high').getByText('Off', { exact: true }))
    expect(await ruleNamed('Past due is high')).toMatchObject({ enabled: false })
  })

  it('is overwritten by nobody who did not see what the other changed', async () => {
    const { id, version } = await ruleNamed('Past due is high')
    await item('Past due is high').getByRole('link', { name: 'Past due is high' }).click()
    await see(page.getByRole('heading', { name: 'Past due is high', level: 1 }))
    await page.getByLabel('For so many days', { exact: true }).fill('5')
    await execute(server.url, token, updateRule, {
      input: { rule: id, expectedVersion: version, repeatDays: 7, reason: 'Nobody looked.' },
    })
    await page.getByRole('button', { name: 'Save' }).click()
    const told = page.getByRole('alert').filter({ hasText: 'repeatDays' })
    await see(told)
    expect(await told.textContent()).toMatch(/repeatDays changed.*Your edit is kept/)
    expect(await page.getByLabel('For so many days', { exact: true }).inputValue()).toBe('5')
    await page.getByRole('button', { name: 'Save' }).click()
    await see(page.getByRole('heading', { name: 'Alert rules', level: 1 }))
    // What the other changed holds.
    await see(item('Past due is high').getByText(/for 5 days · .*told again each 7 days/))
    await item('Past due is high').getByRole('link', { name: 'Past due is high' }).click()
    await see(panel('Changes').getByText('“Nobody looked.”'))
    expect(await inspect(page)).toEqual([])
  })

  it('is made on a goal, from its page', async () => {
    await goTo('/demo/goals', 'Goals')
    await page.getByRole('link', { name: /^Bring DSO down/ }).click(slowest)
    await panel('Alerts').getByRole('link', { name: 'Add a rule' }).click(slowest)
    await see(page.getByRole('heading', { name: 'New rule', level: 1 }))
    expect(await page.getByLabel('Goal', { exact: true }).locator('option:checked').textContent()).toMatch(
      /^Bring DSO down/,
    )
    await page.getByLabel('Name').fill('Far behind')
    await page.getByLabel('It fires when').selectOption({ label: 'It is worse than its trajectory' })
    await page.getByLabel('By more than').fill('2')
    await see(panel('On the past').getByText(/It would (not )?have fired/))
    await see(panel('On the past').getByText('Goals that were missed'))
    await page.getByRole('button', { name: 'Switch it on' }).click()
    await see(page.getByRole('heading', { name: /^Bring DSO down/, level: 1 }))
    await see(panel('Alerts').getByRole('link', { name: 'far behind' }))
    expect(await ruleNamed('Far behind')).toMatchObject({ enabled: true })
  })

  it('is deleted, and what could not be sent is tried again', async () => {
    hook.answer = 410
    await execute(server.url, token, createRule, {
      input: {
        name: 'Everything',
        kpi: { metric: 'PAST_DUE' },
        condition: { above: '1' },
        channelIds: (
          await execute<{ alertChannels: { id: string }[] }>(
            server.url,
            token,
            '{ alertChannels { id } }',
            {},
          )
        ).alertChannels.map(({ id }) => id),
      },
    })
    await goTo('/demo/alerts/channels', 'Channels')
    const sent = panel('What was sent').getByRole('listitem').filter({ hasText: 'Everything' })
    await see(sent.getByText(/Given up|Tried again/))
    hook.answer = 204
    await sent.getByRole('button', { name: /^Try again/ }).click()
    await expect.poll(() => hook.requests.length, slowest).toBeGreaterThan(1)
    await goTo('/demo/alerts/rules?q=everything', 'Alert rules')
    await item('Everything').getByRole('button', { name: 'More for Everything' }).click(slowest)
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog().getByRole('button', { name: 'Delete' }).click()
    await see(page.getByText('No rule fits.'))
    expect((await readRules()).some(({ name }) => name === 'Everything')).toBe(false)
  })

  it('does all that under its content security policy without a complaint', () => {
    expect(viewer.complaints).toEqual([])
  })
})

const updateRule = `mutation ($input: UpdateAlertRuleInput!) {
  updateAlertRule(input: $input) { __typename ... on Problem { message } }
}`

const createRule = `mutation ($input: CreateAlertRuleInput!) {
  createAlertRule(input: $input) { __typename ... on Problem { message } }
}`
