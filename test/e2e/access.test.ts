/** People and programs: let in, allowed, watched and let out again, by a real browser on the real server. */
import { connect } from '@tidemark/drizzle/connect.ts'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import {
  inspect,
  joinByLink,
  openViewer,
  secretIn,
  signInPerson,
  signOutPerson,
  type Viewer,
} from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { request } from '../support/graphql.ts'
import { CLIENT, type Provider, startProvider } from '../support/oidc-provider.ts'
import { totpOf } from '../support/people.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const PASSWORD = 'harbour lamp orbit'
const NEW_PASSWORD = 'orbit lamp harbour'
const slowest = { timeout: 10_000 }

describe.skipIf(binary === null)('access in a real browser', { timeout: 60_000 }, () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  let server: RunningProduct
  let provider: Provider
  let browser: Browser
  let anna: Viewer
  let ben: Viewer
  let page: Page
  const links: string[] = []
  const viewers: Viewer[] = []

  const enter = async () => {
    const viewer = await openViewer(browser)
    viewers.push(viewer)
    return viewer
  }
  const goTo = async (path: string, heading: string, on = page) => {
    await on.goto(server.url + path)
    await on.getByRole('heading', { name: heading, level: 1 }).waitFor(slowest)
  }
  const heading = (on = page) => on.getByRole('heading', { level: 1 }).textContent()
  const dialog = () => page.getByRole('dialog')
  const press = (name: string | RegExp, on = page) => on.getByRole('button', { name }).click()
  const copied = () => page.evaluate(() => navigator.clipboard.readText())

  beforeAll(async () => {
    database = await createDatabase()
    provider = await startProvider()
    environment = {
      DATABASE_URL: database.url,
      TIDEMARK_DEMO: '0',
      TRUSTED_DOCUMENTS: '1',
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: CLIENT.clientId,
      OIDC_CLIENT_SECRET: CLIENT.clientSecret,
      OIDC_NAME: 'Example Login',
    }
    server = await startProduct(environment)
    for (const [slug, name] of [
      ['quay', 'Quay'],
      ['pier', 'Pier'],
    ] as const) {
      const create = `organization create --slug ${slug} --name ${name} --currency EUR --time-zone Europe/Berlin`
      const { stdout } = await tidemark(environment, ...create.split(' '), '--admin', 'anna@example.com')
      links.push(secretIn(stdout))
    }
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    anna = await enter()
    page = anna.page
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await provider?.close()
    await database.drop()
  })

  describe('coming in', () => {
    it('takes the secret of an invitation out of the address at once, and outlives a reload', async () => {
      await page.goto(`${server.url}/invitation#${links[0]}`)
      await page.getByLabel('Your name').waitFor(slowest)
      expect(page.url()).toBe(`${server.url}/invitation`)
      expect(await inspect(page)).toEqual([])
      await page.reload()
      await page.getByLabel('Your name').fill('Anna Lindqvist')
    })

    it('says at the field what is wrong with a password', async () => {
      const password = page.getByLabel('Password', { exact: true })
      await password.fill('password1234')
      await press(/^Join /)
      await page.locator('[aria-invalid="true"]').waitFor(slowest)
      expect(await password.getAttribute('aria-describedby')).toMatch(/error/)
      expect(await password.evaluate((field) => field === document.activeElement)).toBe(true)
    })

    it('makes the account and shows the dashboard', async () => {
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await press(/^Join /)
      await page.waitForURL(`${server.url}/quay`, slowest)
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor(slowest)
      expect(await page.title()).toBe('Dashboard · Quay · Tidemark')
      expect(await page.evaluate(() => history.state as unknown)).toBeNull()
    })

    it('lets nobody in by the same link again', async () => {
      const stranger = await enter()
      await stranger.page.goto(`${server.url}/invitation#${links[0]}`)
      await stranger.page.getByRole('link', { name: 'Go to the start' }).waitFor(slowest)
      expect(await heading(stranger.page)).toBe('This invitation no longer works')
    })

    it('joins a second organization with one press, and switches between the two', async () => {
      await goTo(`/invitation#${links[1]}`, 'Join Pier')
      await press('Join Pier')
      await page.waitForURL(`${server.url}/pier`, slowest)
      await press(/^Pier\. Switch organization/)
      await page.getByRole('menuitem', { name: /Quay/ }).click()
      await page.waitForURL(`${server.url}/quay`, slowest)
      await goTo('/', 'Dashboard')
      expect(page.url()).toBe(`${server.url}/quay`)
    })

    it('shows an organization of others as one that does not exist', async () => {
      await goTo('/nobody', 'There is nothing here')
      expect(await inspect(page)).toEqual([])
    })
  })

  describe('signing in', () => {
    it('says what is wrong in words, and goes back to where one was', async () => {
      await goTo('/quay/audit?period=7d', 'Audit log')
      await signOutPerson(page)
      expect(await inspect(page)).toEqual([])
      await goTo('/quay/audit?period=7d', 'Sign in')
      await signInPerson(page, 'anna@example.com', 'not the password')
      await page.getByRole('alert').getByText('The e-mail or the password is wrong.').waitFor(slowest)
      await signInPerson(page, 'anna@example.com', PASSWORD)
      await page.waitForURL(`${server.url}/quay/audit?period=7d`, slowest)
      await page.getByRole('heading', { name: 'Audit log' }).waitFor(slowest)
    })

    it('never goes back to another origin', async () => {
      await signOutPerson(page)
      await goTo('/sign-in?to=//evil.example/quay', 'Sign in')
      await signInPerson(page, 'anna@example.com', PASSWORD)
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor(slowest)
      expect(page.url()).toBe(`${server.url}/quay`)
    })

    it('asks for the second factor once it is on', async () => {
      await goTo('/account', 'Your account')
      await press('Turn on')
      await dialog().getByLabel('Your password').fill(PASSWORD)
      await press('Go on')
      await dialog()
        .getByRole('img', { name: /QR code/ })
        .waitFor(slowest)
      expect(await inspect(page)).toEqual([])
      await press('Copy the key')
      await dialog()
        .getByLabel('Code from the app')
        .fill(totpOf(await copied()))
      await dialog().getByRole('button', { name: 'Turn on' }).click()
      const codes = dialog().getByRole('list', { name: 'Backup codes' }).getByRole('listitem')
      await codes.first().waitFor(slowest)
      expect(await codes.count()).toBe(10)
      const backupCode = (await codes.first().textContent()) ?? ''
      await press('I have kept them')

      await signOutPerson(page)
      await signInPerson(page, 'anna@example.com', PASSWORD)
      await page.getByLabel('Code', { exact: true }).fill('000000')
      await press('Go on')
      await page.locator('[aria-invalid="true"]').waitFor(slowest)
      await press('Use a backup code')
      await page.getByLabel('Backup code').fill(backupCode)
      await press('Go on')
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor(slowest)
    })
  })

  describe('members', () => {
    it('are invited by a link that is shown once', async () => {
      await goTo('/quay/members', 'Members')
      await press('Invite')
      await dialog().getByLabel('E-mail').fill('ben@example.com')
      expect(await inspect(page)).toEqual([])
      await press('Make the link')
      await press('Copy the link')
      const link = await copied()
      await press('Done')
      await page.getByRole('row', { name: /ben@example\.com/ }).waitFor(slowest)
      expect(await page.content()).not.toContain(secretIn(link))
      ben = await enter()
      await joinByLink(ben.page, server.url, secretIn(link), { name: 'Ben Okafor', password: PASSWORD })
    })

    it('are offered only what their role may do, and are told so elsewhere', async () => {
      const nav = ben.page.getByRole('navigation', { name: 'Pages' })
      // What a role may see is known a moment after the page is there.
      await nav.getByRole('link', { name: 'Aging' }).waitFor(slowest)
      expect(await nav.getByRole('link').allTextContents()).toEqual([
        'Dashboard',
        'Goals',
        'Alerts',
        'Reviews',
        'KPIs',
        'Aging',
        'Customers',
        'Credit',
      ])
      await goTo('/quay/tokens', 'Your role does not include this page', ben.page)
      await goTo('/quay', 'Dashboard', ben.page)
      await ben.page.getByRole('button', { name: /^Live/ }).waitFor(slowest)
    })

    it('get another role, which open pages know when they are looked at again', async () => {
      await goTo('/quay/members', 'Members')
      await press('What to do about Ben Okafor')
      await page.getByRole('menuitem', { name: 'Change the role' }).click()
      await dialog().getByRole('radio', { name: 'Auditor' }).check()
      await press('Change the role')
      await page
        .getByRole('row', { name: /Ben Okafor/ })
        .getByText('Auditor')
        .waitFor(slowest)
      const tokens = ben.page.getByRole('link', { name: 'Tokens' })
      // The server knows within a second.
      const isOffered = async () => {
        await ben.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
        return tokens.isVisible()
      }
      await expect.poll(isOffered, { ...slowest, interval: 500 }).toBe(true)
      await tokens.click()
      await ben.page.getByRole('heading', { name: 'Tokens', level: 1 }).waitFor(slowest)
      expect(await ben.page.getByRole('button', { name: 'New token' }).count()).toBe(0)
    })

    it('cannot be left without an administrator', async () => {
      await press('What to do about Anna Lindqvist')
      await page.getByRole('menuitem', { name: 'Leave the organization' }).click()
      await dialog().getByRole('button', { name: 'Leave' }).click()
      await dialog().getByRole('alert').waitFor(slowest)
      expect(await dialog().getByRole('alert').textContent()).toMatch(/last administrator/)
      await press('Cancel')
    })
  })

  describe('people of the provider', () => {
    it('accept an invitation by way of it, come back where they were, and have no password here', async () => {
      const invited = await tidemark(
        environment,
        ...'member invite --organization quay --email cleo@example.com --role viewer'.split(' '),
      )
      Object.assign(provider.behaviour, { email: 'cleo@example.com', name: 'Cleo Marin' })
      const cleo = await enter()
      await cleo.context.route(`${provider.issuer}/**`, (route) =>
        route.fulfill({ status: 302, headers: { location: provider.approve(route.request().url()) } }),
      )
      await cleo.page.goto(`${server.url}/invitation#${secretIn(invited.stdout)}`)
      await press('Continue with Example Login', cleo.page)
      await cleo.page.waitForURL(`${server.url}/quay`, slowest)
      await goTo('/account', 'Your account', cleo.page)
      await cleo.page.getByRole('main').getByText('cleo@example.com').waitFor(slowest)
      expect(await cleo.page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
        'You',
        'Sessions',
      ])
      await signOutPerson(cleo.page)
      await goTo('/account', 'Sign in', cleo.page)
      expect(await inspect(cleo.page)).toEqual([])
      await press('Continue with Example Login', cleo.page)
      await cleo.page.waitForURL(`${server.url}/account`, slowest)
    })

    it('are told why they were sent back', async () => {
      const stranger = await enter()
      await goTo('/sign-in?error=oidc_unknown_person', 'Sign in', stranger.page)
      expect(await stranger.page.getByRole('alert').textContent()).toMatch(/Ask for an invitation/)
    })
  })

  describe('tokens', () => {
    const kpis = '{ kpis(metrics: [DSO]) { metric } }'
    const customers = '{ customers(first: 1) { nodes { id } } }'
    let secret: string

    it('are made with the rights that are chosen, and shown once', async () => {
      await goTo('/quay/tokens', 'Tokens')
      expect(await inspect(page)).toEqual([])
      await press('New token')
      await dialog().getByLabel('Name').fill('Power BI')
      for (const box of await dialog().getByRole('checkbox').all()) await box.uncheck()
      await press('Make the token')
      await dialog().getByText('Choose at least one.').waitFor(slowest)
      await dialog().getByRole('checkbox', { name: 'Read KPIs' }).check()
      expect(await inspect(page)).toEqual([])
      await press('Make the token')
      await press('Copy the token')
      secret = await copied()
      expect(secret).toMatch(/^tdm_/)
      expect(await inspect(page)).toEqual([])
      await press('Done')
      await page
        .getByRole('row', { name: /Power BI/ })
        .getByText('reads KPIs')
        .filter({ visible: true })
        .waitFor(slowest)
      expect(await page.content()).not.toContain(secret)
      expect(await inspect(page)).toEqual([])
    })

    it('let a program do that and nothing else', async () => {
      expect((await request(server.url, secret, kpis)).errors).toEqual([])
      const refused = await request(server.url, secret, customers)
      expect(refused.data).toBeNull()
      expect(refused.errors[0]?.message).toMatch(/may not/)
    })

    it('are rotated: the new one works, and the old one until it is over', async () => {
      await press('What to do about Power BI')
      await page.getByRole('menuitem', { name: 'Rotate' }).click()
      await dialog().getByLabel('How long the old one works on').selectOption('It ends at once')
      await press('Make the new token')
      await press('Copy the token')
      const successor = await copied()
      await press('Done')
      expect((await request(server.url, successor, kpis)).errors).toEqual([])
      await expect.poll(async () => (await request(server.url, secret, kpis)).status, slowest).toBe(401)
      secret = successor
    })

    it('are refused as soon as they are revoked', async () => {
      await goTo('/quay/tokens', 'Tokens')
      const rows = page.getByRole('row', { name: /Power BI/ }).filter({ hasNotText: 'Expired' })
      await rows.getByRole('button').click()
      await page.getByRole('menuitem', { name: 'Revoke' }).click()
      await dialog().getByLabel('Reason (optional)').fill('The report is gone')
      await dialog().getByRole('button', { name: 'Revoke' }).click()
      await rows.waitFor({ state: 'detached', ...slowest })
      await expect.poll(async () => (await request(server.url, secret, kpis)).status, slowest).toBe(401)
    })
  })

  describe('the audit log', () => {
    const entry = (name: RegExp) => page.getByRole('button', { name, expanded: false }).first()

    it('has all of it, filtered by its address, and goes back', async () => {
      await goTo('/quay/audit', 'Audit log')
      for (const name of [/^Revoked a token/, /^Rotated a token/, /^Made a token/, /^Changed a role/])
        await entry(name).waitFor(slowest)
      await page.getByLabel('What').selectOption('Changed a role')
      await page.waitForURL(/action=changeMemberRole/)
      await entry(/^Revoked a token/).waitFor({ state: 'detached', ...slowest })
      await page.goBack()
      await entry(/^Revoked a token/).waitFor(slowest)
      expect(await page.getByLabel('What').inputValue()).toBe('')
    })

    it('opens an entry as a difference that can be read, with its reason', async () => {
      await entry(/^Changed a role/).click()
      await page.getByText('viewer', { exact: true }).waitFor(slowest)
      await page.getByText('auditor', { exact: true }).waitFor(slowest)
      await entry(/^Revoked a token/).click()
      await page.getByText('“The report is gone”').waitFor(slowest)
      expect(await inspect(page)).toEqual([])
    })

    it('is had as a file with the filters of the page', async () => {
      await goTo('/quay/audit?action=createToken', 'Audit log')
      const download = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Export CSV' }).click()
      const file = await (await download).createReadStream()
      const text = await new Response(file as unknown as ReadableStream).text()
      expect(text).toContain('createToken')
      expect(text).not.toContain('changeMemberRole')
    })

    it('is verified, also against what was noted down', async () => {
      await press('Copy the head')
      const head = await copied()
      await page.getByText('Compare with what was noted down').click()
      await page.getByLabel('Heads and receipts').fill(head)
      await press('Verify the log')
      await page.getByText('The log is intact.').waitFor(slowest)
      await page.getByText('What you noted down (1) fits.').waitFor(slowest)
      expect(await inspect(page)).toEqual([])
    })

    it('names what somebody changed in the database', async () => {
      const owner = await connect(database.url, { max: 1 })
      await owner.sql`update audit set reason = 'Nothing to see' where reason = 'The report is gone'`
      await press('Verify the log')
      await page.getByText('One thing does not fit.').waitFor(slowest)
      expect(await inspect(page)).toEqual([])
      await owner.sql`update audit set reason = 'The report is gone' where reason = 'Nothing to see'`
      await owner.close()
    })
  })

  describe('going out', () => {
    it('ends all other sessions, which find themselves at the sign-in and then back where they were', async () => {
      const elsewhere = await enter()
      await goTo('/account', 'Sign in', elsewhere.page)
      await signInPerson(elsewhere.page, 'anna@example.com', PASSWORD)
      await elsewhere.page.getByLabel('Code', { exact: true }).waitFor(slowest)
      await elsewhere.context.close()
      await ben.page.goto(`${server.url}/quay/audit?period=7d`)
      const second = await enter()
      await goTo('/account', 'Sign in', second.page)
      await signInPerson(second.page, 'ben@example.com', PASSWORD)
      await second.page.getByRole('button', { name: 'End all others' }).click(slowest)
      await second.page.getByText('One session is over.').waitFor(slowest)
      expect(await inspect(second.page)).toEqual([])
      // By itself: the socket that counts alerts is closed with the session.
      await ben.page.getByText('Your session is over.').waitFor(slowest)
      await signInPerson(ben.page, 'ben@example.com', PASSWORD)
      await ben.page.waitForURL(`${server.url}/quay/audit?period=7d`, slowest)
    })

    it('sets a new password by a link of the operator', async () => {
      const made = await tidemark(environment, 'person', 'password-link', '--email', 'ben@example.com')
      await signOutPerson(ben.page)
      await goTo(`/password#${secretIn(made.stdout)}`, 'Set a new password', ben.page)
      expect(ben.page.url()).toBe(`${server.url}/password`)
      expect(await inspect(ben.page)).toEqual([])
      await ben.page.getByLabel('New password').fill(NEW_PASSWORD)
      await press('Set the password', ben.page)
      await ben.page.getByRole('link', { name: 'Go to the sign-in' }).click(slowest)
      await signInPerson(ben.page, 'ben@example.com', NEW_PASSWORD)
      await ben.page.getByRole('heading', { name: 'Dashboard' }).waitFor(slowest)
    })

    it('erases a person only once the e-mail is typed, and the log still verifies', async () => {
      await goTo('/quay/members', 'Members')
      await press('What to do about Ben Okafor')
      await page.getByRole('menuitem', { name: 'Erase for good' }).click()
      await dialog().getByLabel('Reason').fill('Asked for it')
      await dialog().getByLabel('to confirm').fill('ben')
      await dialog().getByRole('button', { name: 'Erase for good' }).click()
      await dialog().getByText('This is not the same text.').waitFor(slowest)
      await dialog().getByLabel('to confirm').fill('ben@example.com')
      await dialog().getByRole('button', { name: 'Erase for good' }).click()
      await page.getByText('The person is erased.').waitFor(slowest)
      expect(await page.getByText('Ben Okafor').count()).toBe(0)
      await goTo('/quay/audit', 'Audit log')
      await press('Verify the log')
      await page.getByText('The log is intact.').waitFor(slowest)
      expect(await heading()).toBe('Audit log')
    })
  })

  it('does all that under its content security policy without a complaint', () => {
    // The browser itself reports each refusal: a wrong password, a session that is over, a link that is spent.
    const unexpected = viewers
      .flatMap(({ complaints }) => complaints)
      .filter((text) => !/Failed to load resource|WebSocket/.test(text))
    expect(unexpected).toEqual([])
  })
})
