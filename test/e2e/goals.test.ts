/** The pages of goals on the demo book: found, read, planned, changed, paused and closed in a real browser, live. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const slowest = { timeout: 40_000 }

type Goal = { readonly id: string; readonly version: number; readonly name: string }
type Made = Readonly<
  Record<string, { readonly __typename: string; readonly goal: Goal; readonly message: string }>
>

const command = (name: string, input: string) => /* GraphQL */ `
  mutation ($input: ${input}!) {
    ${name}(input: $input) {
      __typename
      ... on ${input.replace(/Input$/, 'Success')} { goal { id version name } }
      ... on Problem { message }
    }
  }
`

const createRule = /* GraphQL */ `
  mutation ($input: CreateAlertRuleInput!) {
    createAlertRule(input: $input) {
      __typename
    }
  }
`

describe.skipIf(binary === null)('the pages of goals in a real browser', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  let today: Temporal.PlainDate
  let whole: Goal
  let part: Goal
  let checklist: Goal

  const run = async (name: string, input: Readonly<Record<string, unknown>>): Promise<Goal> => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
    const answer = (await execute<Made>(server.url, token, command(name, type), { input }))[name]
    if (answer?.__typename.endsWith('Success') !== true) throw new Error(answer?.message)
    return answer.goal
  }
  const day = (days: number) => today.add({ days }).toString()
  const see = (what: Locator) => what.filter({ visible: true }).first().waitFor(slowest)
  // A panel's name goes on with how many there are.
  const panel = (name: string) => page.getByRole('region', { name: new RegExp(`^${name}( \\d.*)?$`) })
  const dialog = () => page.getByRole('dialog')
  const parameter = (name: string) => new URL(page.url()).searchParams.get(name)
  const rows = () => page.getByRole('row').filter({ has: page.getByRole('link') })
  const goTo = async (path: string, heading: string) => {
    await page.goto(server.url + path)
    await see(page.getByRole('heading', { name: heading, level: 1 }))
  }

  beforeAll(async () => {
    database = await createDatabase()
    const environment = { DATABASE_URL: database.url, TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const made = await tidemark(environment, 'token', 'create', '--organization', 'demo', '--role', 'manager')
    if (made.code !== 0) throw new Error(made.stderr)
    token = made.stdout.trim()
    const { organization } = await execute<{ organization: { today: string } }>(
      server.url,
      token,
      '{ organization { today } }',
      {},
    )
    today = Temporal.PlainDate.from(organization.today)
    const aim = { direction: 'DECREASE', target: '1000', deadline: day(120), startsOn: day(-30) }
    whole = await run('createGoal', { ...aim, name: 'Past due below 1,000', metric: 'PAST_DUE' })
    part = await run('createGoal', {
      ...aim,
      name: 'Past due of EMEA below 1,000',
      metric: 'PAST_DUE',
      filter: { region: ['EMEA'] },
      parentId: whole.id,
    })
    checklist = await run('createMilestoneGoal', {
      name: 'A dunning process that runs by itself',
      startsOn: day(-10),
      deadline: day(60),
      milestones: [
        { title: 'Letters are written', dueOn: day(10) },
        { title: 'Letters are sent', dueOn: day(60) },
      ],
    })
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
    await database.drop()
  })

  describe('the list', () => {
    it('has every open goal, parts below what they are parts of', async () => {
      await page.getByRole('link', { name: 'Goals', exact: true }).click()
      await see(page.getByRole('heading', { name: 'Goals', level: 1 }))
      await see(page.getByRole('link', { name: part.name }))
      const names = await page.getByRole('row').getByRole('link').allTextContents()
      expect(names.length).toBeGreaterThan(8)
      expect(names.indexOf(part.name)).toBe(names.indexOf(whole.name) + 1)
      await see(page.getByRole('row', { name: /Part of the goal above: Past due of EMEA/ }))
      expect(await inspect(page)).toEqual([])
    })

    it('is filtered and ordered by its address, and the way back leads back', async () => {
      await page.getByLabel('KPI', { exact: true }).selectOption({ label: 'Milestones done' })
      await expect.poll(() => rows().count(), slowest).toBe(1)
      expect(parameter('metric')).toBe('checklist')
      await page.getByRole('button', { name: 'Clear' }).click()
      await expect.poll(() => rows().count(), slowest).toBeGreaterThan(8)
      await page.getByLabel('Search').fill('emea below')
      await expect.poll(() => parameter('q'), slowest).toBe('emea below')
      await expect.poll(() => rows().count(), slowest).toBe(1)
      await page.goBack()
      await expect.poll(() => rows().count(), slowest).toBeGreaterThan(8)

      await goTo('/demo/goals?state=closed', 'Goals')
      await see(page.getByText('No goal fits'))
      await goTo('/demo/goals?sort=name&metric=past_due', 'Goals')
      await see(page.getByRole('link', { name: whole.name }))
      expect(await rows().count()).toBeGreaterThan(2)
    })

    it('moves a goal and shows a new one without a reload', async () => {
      await goTo('/demo/goals', 'Goals')
      await see(page.getByRole('link', { name: checklist.name }))
      await page.evaluate(() => Object.assign(window, { isTheSamePage: true }))
      await run('createGoal', {
        name: 'Disputes below two days',
        metric: 'OPEN_DISPUTE_COUNT',
        direction: 'MAINTAIN_BAND',
        band: { low: '0', high: '1000' },
        deadline: day(30),
      })
      await see(page.getByRole('link', { name: 'Disputes below two days' }))
      await see(page.getByRole('row', { name: /Disputes below two days/ }).getByText('On track'))
      expect(await page.evaluate(() => 'isTheSamePage' in window)).toBe(true)
    })
  })

  describe('a goal', () => {
    it('is read as a sentence, a chart, a table and a forecast', async () => {
      await goTo('/demo/goals', 'Goals')
      await page.getByRole('link', { name: /^Bring DSO down/ }).click(slowest)
      await see(page.getByRole('heading', { name: /^Bring DSO down/, level: 1 }))
      await see(page.getByText(/^Days sales outstanding of All receivables: from [\d.]+.days on .* down to/))
      await see(panel('Forecast').getByText(/likely to be reached by/))
      await see(panel('Forecast').getByText(/times in the past/))
      await see(panel('What was set').getByText(/A year before, on/))
      const chart = panel('Way to the target').getByRole('slider')
      await see(chart)
      await chart.focus()
      await page.keyboard.press('End')
      await expect.poll(() => chart.getAttribute('aria-valuetext')).toMatch(/expected .*forecast/)
      await panel('Way to the target').getByText('As a table').click()
      expect(await panel('Way to the target').getByRole('row').count()).toBeGreaterThan(10)
      expect(await inspect(page)).toEqual([])
    })

    it('says letter by letter whether it is a SMART one, and is watched by the usual rules', async () => {
      await page.getByText('SMART check').click()
      await see(page.getByText('Time-bound'))
      await see(panel('Alerts').getByText(/Watched for: .*missed.*off track/))
      await goTo(`/demo/goals/${whole.id}`, whole.name)
      await panel('Alerts').getByRole('button', { name: 'Add the usual rules' }).click(slowest)
      await see(panel('Alerts').getByText(/Watched for: .*review overdue/))
      expect(await inspect(page)).toEqual([])
      await goTo('/demo/goals', 'Goals')
      await page.getByRole('link', { name: /^Bring DSO down/ }).click(slowest)
    })

    it('has a plan whose actions begin, are done and are dropped', async () => {
      await panel('Plan').getByRole('button', { name: 'Add an action' }).click()
      await dialog().getByLabel('What is done').fill('Call the ten oldest')
      await dialog().getByLabel('By', { exact: true }).fill(day(20))
      await dialog().getByRole('button', { name: 'Plan it' }).click()
      const action = panel('Plan').getByRole('listitem').filter({ hasText: 'Call the ten oldest' })
      await see(action)
      await action.getByRole('button', { name: /^Start/ }).click()
      await dialog().getByLabel('Began on').fill(day(-5))
      await dialog().getByRole('button', { name: 'Start' }).click()
      await action.getByRole('button', { name: /^Done/ }).click(slowest)
      await dialog().getByRole('button', { name: 'Done', exact: true }).click()
      await see(action.getByText(/The value moved by/))
      await see(panel('Plan').getByText('2 of 3 done'))

      await panel('Plan').getByRole('button', { name: 'Add an action' }).click()
      await dialog().getByLabel('What is done').fill('Send flowers')
      await dialog().getByRole('button', { name: 'Plan it' }).click()
      await panel('Plan').getByRole('button', { name: 'More for Send flowers' }).click(slowest)
      await page.getByRole('menuitem', { name: 'Drop' }).click()
      await dialog().getByLabel('Reason').fill('Nobody likes them.')
      await dialog().getByRole('button', { name: 'Drop it' }).click()
      await see(panel('Plan').getByText('“Nobody likes them.”'))
      expect(await panel('Plan').getByRole('listitem').count()).toBe(4)
    })

    it('keeps notes, which their writers may write anew', async () => {
      await panel('Notes').getByLabel('New note').fill('Payment runs are on Fridays.')
      await panel('Notes').getByRole('button', { name: 'Write it' }).click()
      await see(panel('Notes').getByText('Payment runs are on Fridays.'))
      expect(await panel('Notes').getByLabel('New note').inputValue()).toBe('')
      await panel('Notes').getByRole('button', { name: 'Edit the note' }).first().click()
      await dialog().getByLabel('Note').fill('Payment runs are on Thursdays.')
      await dialog().getByRole('button', { name: 'Save' }).click()
      await see(panel('Notes').getByText('Payment runs are on Thursdays.'))
      await see(panel('Notes').getByText(/Ana Brandt, .*written anew/))
    })

    it('names the field that is wrong, and keeps why a target was changed', async () => {
      await page.getByRole('button', { name: 'Edit', exact: true }).click()
      await dialog().getByLabel('Target', { exact: true }).fill('30')
      await dialog().getByRole('button', { name: 'Save' }).click()
      const reason = dialog().getByLabel('Why it is changed')
      await expect.poll(() => reason.getAttribute('aria-invalid'), slowest).toBe('true')
      expect(await inspect(page)).toEqual([])
      await reason.fill('The board wants more.')
      await dialog().getByRole('button', { name: 'Save' }).click()
      await see(panel('Changes').getByText('“The board wants more.”'))
      await see(page.getByText(/down to 30\.0.days/))
    })

    it('is overwritten by nobody who did not see what the other changed', async () => {
      await goTo(`/demo/goals/${whole.id}`, whole.name)
      await page.getByRole('button', { name: 'Edit', exact: true }).click()
      await dialog().getByLabel('Why it matters').fill('Money in the bank.')
      await run('updateGoal', {
        goal: whole.id,
        expectedVersion: whole.version,
        target: '900',
        reason: 'A little more.',
      })
      await dialog().getByRole('button', { name: 'Save' }).click()
      const told = dialog().getByRole('alert')
      await see(told)
      expect(await told.textContent()).toMatch(/changed the target from 1,?000.* to .*900.*Your edit is kept/)
      expect(await dialog().getByLabel('Why it matters').inputValue()).toBe('Money in the bank.')
      await dialog().getByRole('button', { name: 'Save' }).click()
      await dialog().waitFor({ state: 'detached', ...slowest })
      await see(panel('What was set').getByText('Money in the bank.'))
      // What the other changed holds.
      await see(panel('What was set').getByText('$900', { exact: true }))
      await see(panel('Changes').getByText('“A little more.”'))
    })

    it('shows its parts and their shares, and leads to them and back', async () => {
      await see(panel('Parts').getByText(/% of the value/))
      await panel('Parts').getByRole('link', { name: part.name }).click()
      await see(page.getByRole('heading', { name: part.name, level: 1 }))
      await panel('What was set').getByRole('link', { name: whole.name }).click(slowest)
      await see(page.getByRole('heading', { name: whole.name, level: 1 }))
      expect(new URL(page.url()).pathname).toBe(`/demo/goals/${whole.id}`)
    })

    it('is ticked off where it is a checklist; to undo that takes a reason', async () => {
      await goTo(`/demo/goals/${checklist.id}`, checklist.name)
      await page.getByRole('checkbox', { name: 'Letters are written' }).click(slowest)
      await see(panel('Milestones').getByText('1 of 2 done'))
      await see(panel('Milestones').getByText(/done .* by Ana Brandt/))
      expect(await inspect(page)).toEqual([])
      await page.getByRole('checkbox', { name: 'Letters are written' }).click()
      await dialog().getByLabel('Reason').fill('They were drafts.')
      await dialog().getByRole('button', { name: 'It is not done' }).click()
      await see(panel('Milestones').getByText('0 of 2 done'))
      await see(panel('Changes').getByText('“They were drafts.”'))
    })

    it('is paused, resumed and given up, each with its reason', async () => {
      await page.getByRole('button', { name: 'More for this goal' }).click()
      await page.getByRole('menuitem', { name: 'Pause' }).click()
      await dialog().getByLabel('Why').fill('A merger.')
      await dialog().getByRole('button', { name: 'Pause' }).click()
      await see(page.getByRole('region', { name: 'Where it stands' }).getByText('“A merger.”'))
      await page.getByRole('button', { name: 'Resume' }).click()
      await dialog().getByRole('button', { name: 'Resume' }).click()
      await see(page.getByRole('region', { name: 'Where it stands' }).getByText('On track'))
      await page.getByRole('button', { name: 'More for this goal' }).click()
      await page.getByRole('menuitem', { name: 'Close the goal' }).click()
      await dialog().getByLabel('Achieved').check()
      await dialog().getByRole('button', { name: 'Close the goal' }).click()
      // The server knows better.
      await see(dialog().getByText(/not .*achieved|ACHIEVED/i))
      await dialog().getByLabel('Given up').check()
      await dialog().getByLabel('Why', { exact: true }).fill('Bought a tool that does it.')
      await dialog().getByRole('button', { name: 'Close the goal' }).click()
      await see(page.getByText('Closed: given up'))
      expect(await page.getByRole('button', { name: 'Edit', exact: true }).count()).toBe(0)
      await goTo('/demo/goals?state=closed', 'Goals')
      await see(page.getByRole('link', { name: checklist.name }))
    })

    it('that is not there is said not to be', async () => {
      await goTo('/demo/goals/goal_01a203f8-0000-7000-8000-000000000000', 'There is no such goal')
      expect(await inspect(page)).toEqual([])
    })
  })

  describe('a status and an alert', () => {
    it('is said by a person beside what was computed, and taken back', async () => {
      await goTo(`/demo/goals/${part.id}`, part.name)
      await page.getByRole('button', { name: 'More for this goal' }).click(slowest)
      await page.getByRole('menuitem', { name: 'Say another status' }).click()
      await dialog().getByLabel('Status').selectOption('AT_RISK')
      await dialog().getByLabel('Why').fill('Two large payments are announced.')
      await dialog().getByRole('button', { name: 'Say it' }).click()
      await see(page.getByText('Ana Brandt says: at risk'))
      expect(await inspect(page)).toEqual([])
      await page.getByRole('button', { name: 'More for this goal' }).click()
      await page.getByRole('menuitem', { name: 'Take the said status back' }).click()
      await dialog().getByRole('button', { name: 'Take it back' }).click()
      await page.getByText('Ana Brandt says: at risk').waitFor({ state: 'detached', ...slowest })
    })

    it('comes up by itself, in the list and in the count, and is looked after', async () => {
      await goTo('/demo/alerts', 'Alerts')
      // The demo has alerts of its own.
      await see(page.getByLabel('Severity'))
      const rule = {
        name: 'Past due is high',
        kpi: { metric: 'PAST_DUE' },
        condition: { above: '1' },
        severity: 'CRITICAL',
      }
      await execute(server.url, token, createRule, { input: rule })
      const item = page.getByRole('listitem').filter({ hasText: 'Past due is high' })
      await see(item.getByText('Critical'))
      await see(page.getByRole('link', { name: /^Alerts \d+ to look after$/ }))
      expect(await inspect(page)).toEqual([])
      await item.getByRole('button', { name: /^Acknowledge/ }).click()
      await dialog()
        .getByLabel(/What is done about it/)
        .fill('Calls are made.')
      await dialog().getByRole('button', { name: 'Acknowledge' }).click()
      await see(item.getByText(/Ana Brandt looks after it, .*“Calls are made.”/))
      await item.getByRole('button', { name: /^Keep silent/ }).click()
      await page.getByRole('menuitem', { name: 'For a day' }).click()
      await see(item.getByText(/Silent until/))
      await item.getByText('What happened to it').click()
      await see(item.getByText('Made silent'))
      await page.getByText('To look after', { exact: true }).click()
      await item.waitFor({ state: 'detached', ...slowest })
      expect(parameter('show')).toBe('new')
    })
  })

  describe('a new goal', () => {
    it('is checked letter by letter while it is written', async () => {
      await goTo('/demo/goals', 'Goals')
      await page.getByRole('link', { name: 'New goal' }).first().click()
      await see(page.getByRole('heading', { name: 'New goal', level: 1 }))
      const check = panel('SMART check( checking)?')
      const letter = (word: string) => check.getByRole('listitem').filter({ hasText: word })
      await page.getByLabel('Measured by').selectOption({ label: 'Days sales outstanding' })
      await see(letter('Specific').getByText('Missing or impossible'))
      await page.getByLabel('Target', { exact: true }).fill('1')
      await see(letter('Specific').getByText('Good'))
      await see(letter('Achievable').getByText('Missing or impossible'))
      await see(letter('Achievable').getByText(/nothing past due/))
      await page.getByLabel('Deadline').fill(day(-3))
      await see(letter('Time-bound').getByText('Missing or impossible'))
      await expect.poll(() => page.getByLabel('Deadline').getAttribute('aria-invalid'), slowest).toBe('true')
      expect(await inspect(page)).toEqual([])
    })

    it('is set from what was written, and leads to its page', async () => {
      await page.getByLabel('Deadline').fill(day(150))
      await page.getByLabel('Target as').selectOption('percent')
      await page.getByLabel('Target', { exact: true }).fill('-5')
      await page.getByLabel('Of', { exact: true }).selectOption('REGION')
      await page.getByLabel('EMEA').check(slowest)
      await page.getByLabel('Name').fill('DSO of EMEA a twentieth down')
      await page.getByLabel('Why it matters').fill('Cash.')
      await page.getByRole('button', { name: 'Watch the usual ones' }).click(slowest)
      expect(await page.getByLabel('Written off', { exact: true }).isChecked()).toBe(true)
      await page.getByLabel('Written off', { exact: true }).uncheck()
      await page.getByLabel('Discounts', { exact: true }).check()
      await see(panel('SMART check( checking)?').getByText(/EMEA/))
      await page.getByRole('button', { name: 'Set the goal' }).click()
      await see(page.getByRole('heading', { name: 'DSO of EMEA a twentieth down', level: 1 }))
      await see(panel('What was set').getByText('given as -5% of the baseline'.replace('-', '\u2212')))
      await see(panel('What was set').getByText(/Region EMEA/))
      await see(page.getByRole('region', { name: 'Where it stands' }).getByText(/^DSO is/))
      expect(new URL(page.url()).pathname).toMatch(/goals\/goal_/)
      await see(panel('Guards').getByText('Discounts'))
      expect(await panel('Guards').getByText('Written off').count()).toBe(0)
      await page.getByRole('button', { name: 'Edit', exact: true }).click()
      await dialog()
        .getByText(/^Guards \(/)
        .click()
      await dialog().getByLabel('Written off', { exact: true }).check()
      await dialog().getByLabel('Discounts', { exact: true }).uncheck()
      await dialog().getByRole('button', { name: 'Save' }).click()
      await dialog().waitFor({ state: 'detached', ...slowest })
      await see(panel('Guards').getByText('Written off'))
      await expect.poll(() => panel('Guards').getByText('Discounts').count(), slowest).toBe(0)
    })

    it('can be of one customer, found by a part of the name', async () => {
      await goTo('/demo/goals/new?metric=total-receivables', 'New goal')
      await page.getByLabel('Name').fill('Less owed by one customer')
      await page.getByLabel('Target as').selectOption('percent')
      await page.getByLabel('Target', { exact: true }).fill('-5')
      await page.getByLabel('Of', { exact: true }).selectOption('CUSTOMER')
      await page.getByLabel('Customer', { exact: true }).fill('zzz')
      await see(page.getByText('No customer fits.'))
      const { customers } = await execute<{ customers: { nodes: { name: string; number: string }[] } }>(
        server.url,
        token,
        '{ customers(first: 1, orderBy: [{ field: BALANCE, direction: DESC }]) { nodes { name number } } }',
        {},
      )
      const [customer] = customers.nodes
      await page.getByLabel('Customer', { exact: true }).fill(customer?.name.slice(1) ?? '')
      await page
        .getByRole('radio', { name: customer?.name ?? '' })
        .first()
        .click(slowest)
      await see(page.getByRole('button', { name: 'Another one' }))
      expect(await inspect(page)).toEqual([])
      await page.getByRole('button', { name: 'Set the goal' }).click()
      await see(page.getByRole('heading', { name: 'Less owed by one customer', level: 1 }))
      await see(panel('What was set').getByText(customer?.name ?? 'nobody'))
    })

    it('begins with a template, which fills in the form from the books', async () => {
      await goTo('/demo/goals/new', 'New goal')
      await page.getByLabel('Begin with', { exact: true }).selectOption({ label: 'Cut DSO by a tenth' })
      await expect.poll(() => parameter('template'), slowest).toBe('cut-dso')
      await expect.poll(() => page.getByLabel('Target', { exact: true }).inputValue(), slowest).toBe('-10')
      await see(panel('SMART check( checking)?').getByText(/^Cut DSO \(3 months\) of all receivables/))
      expect(await inspect(page)).toEqual([])
      await page.getByRole('button', { name: 'Set the goal' }).click()
      await see(page.getByRole('heading', { name: 'Cut DSO by a tenth', level: 1 }))
      await see(page.getByRole('region', { name: /^Guards/ }).getByText('Written off'))
      await see(panel('Alerts').getByText(/Watched for: /))
    })

    it('can be a checklist, and be kept as a draft until it is activated', async () => {
      await goTo('/demo/goals/new', 'New goal')
      await page.getByLabel('Name').fill('Credit checks within a day')
      await page.getByLabel('Measured by').selectOption({ label: 'A checklist of milestones' })
      await page.getByRole('button', { name: 'Add a milestone' }).click()
      await page.getByRole('textbox', { name: 'Milestone 1' }).fill('The form is on the web')
      await page.getByLabel('Begin with alert rules').uncheck()
      await page.getByRole('button', { name: 'Keep as a draft' }).click()
      await see(page.getByRole('heading', { name: 'Credit checks within a day', level: 1 }))
      await see(page.getByText('A draft is not evaluated until it is activated.'))
      await see(panel('Alerts').getByText(/No rule watches this goal/))
      await page.getByRole('button', { name: 'Activate' }).click()
      await dialog().getByRole('button', { name: 'Activate' }).click()
      await see(page.getByRole('region', { name: 'Where it stands' }).getByText('On track'))
      expect(await page.getByRole('button', { name: 'Activate' }).count()).toBe(0)
    })
  })

  it('does all that under its content security policy without a complaint', () => {
    expect(viewer.complaints).toEqual([])
  })
})
