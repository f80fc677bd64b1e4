/** What keeps the page live, in a real browser whose socket this test holds in its hands, and whose clock. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { inspect, joinByLink, openViewer, secretIn, type Viewer } from '../support/dashboard.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { execute } from '../support/graphql.ts'
import { startProduct, tidemark, type RunningProduct } from '../support/product.ts'

const binary = inject('browser')
const soon = { timeout: 20_000 }
const hourMs = 3_600_000
const today = Temporal.Now.plainDateISO('UTC')
const daysAgo = (days: number) => today.subtract({ days }).toString()

const invoicesCsv = (): string => {
  const rows = Array.from({ length: 30 }, (_, index) => {
    const issued = 60 - index
    return `C-1,Harbour Foods,INV-${index + 1},${daysAgo(issued)},${daysAgo(issued - 21)},1000.00,USD,EMEA`
  })
  return [
    'customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency,region',
    ...rows,
  ].join('\n')
}

type Message = {
  readonly type: string
  readonly id?: string
  readonly payload?: {
    readonly variables?: { readonly since?: string }
    readonly data?: { readonly goalProgress?: Progress }
  }
}
type Progress = {
  readonly cursor: string
  readonly kind: string
  readonly goal: { readonly progress: { readonly sequence: string; readonly value: number } }
}

/** One socket of the page: what went over it, and both its ends. */
type Line = {
  readonly near: WebSocketRoute
  readonly far: WebSocketRoute
  readonly fromPage: Message[]
  readonly fromServer: Message[]
}

describe.skipIf(binary === null)('a live page in a real browser', { timeout: 90_000 }, () => {
  let database: TestDatabase
  let folder: string
  let server: RunningProduct
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let token: string
  /** Nothing goes over the sockets while it is dark, and nobody is told. */
  let isDark = false
  /** How often progress was told in the dark. */
  let lost = 0
  const lines: Line[] = []
  const asked: string[] = []
  let paid = 0
  let open = 30

  const line = (): Line => {
    const last = lines.at(-1)
    if (last === undefined) throw new Error('The page opened no socket')
    return last
  }
  const tile = () => page.getByRole('article', { name: 'Receivables below 5,000' })
  const shows = (thousands: number) =>
    tile().getByText(`$${thousands},000`, { exact: true }).first().waitFor(soon)
  const chip = (word: RegExp) => page.getByRole('button', { name: word }).waitFor(soon)
  const pay = async () => {
    paid += 1
    open -= 1
    await execute(server.url, token, recordReceipt, {
      input: {
        customer: { number: 'C-1' },
        amount: { amount: '1000.00', currency: 'USD' },
        receivedOn: today.toString(),
        allocations: [{ invoice: { number: `INV-${paid}` } }],
      },
    })
  }
  const lastProgress = (): Message => {
    const last = lines
      .flatMap(({ fromServer }) => fromServer)
      .findLast(({ payload }) => payload?.data?.goalProgress)
    if (last === undefined) throw new Error('No progress was told')
    return last
  }
  /** The last progress told, as another event. */
  const event = (changes: { kind?: string; sequence?: bigint; value?: number }): string => {
    const message = lastProgress()
    const told = message.payload?.data?.goalProgress
    if (!told) throw new Error('No progress was told')
    const progress = { ...told.goal.progress }
    const next = {
      ...told,
      kind: changes.kind ?? told.kind,
      goal: {
        ...told.goal,
        progress: {
          ...progress,
          sequence: String(changes.sequence ?? progress.sequence),
          value: changes.value ?? progress.value,
        },
      },
    }
    return JSON.stringify({
      ...message,
      id: 'DashboardGoalProgress',
      payload: { data: { goalProgress: next } },
    })
  }
  const countAsked = (operation: string) => asked.filter((name) => name === operation).length

  beforeAll(async () => {
    database = await createDatabase()
    folder = mkdtempSync(join(tmpdir(), 'tidemark-live-'))
    const environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0', TRUSTED_DOCUMENTS: '1' }
    server = await startProduct(environment)
    const create = 'organization create --slug quay --name Quay --currency USD --time-zone UTC'
    const created = await tidemark(environment, ...create.split(' '), '--admin', 'anna@example.com')
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
        startsOn: daysAgo(10),
        baseline: '30000',
      },
    })
    if (binary === null) throw new Error('There is no browser')
    browser = await launchBrowser(binary)
    viewer = await openViewer(browser)
    page = viewer.page
    page.on('request', (request) => {
      const url = new URL(request.url())
      const operation = (request.postDataJSON() as { operationName?: string } | null)?.operationName
      asked.push(operation ?? url.pathname)
    })
    await page.routeWebSocket(/\/graphql$/, (near) => {
      const far = near.connectToServer()
      const opened: Line = { near, far, fromPage: [], fromServer: [] }
      lines.push(opened)
      near.onMessage((text) => {
        opened.fromPage.push(JSON.parse(String(text)) as Message)
        if (!isDark) far.send(text)
      })
      far.onMessage((text) => {
        if (isDark) {
          if (String(text).includes('"goalProgress"')) lost += 1
          return
        }
        opened.fromServer.push(JSON.parse(String(text)) as Message)
        near.send(text)
      })
    })
    await page.clock.install()
    await joinByLink(page, server.url, secretIn(created.stdout), {
      name: 'Anna Lindqvist',
      password: 'harbour lamp orbit',
    })
    await shows(open)
    await chip(/^Live/)
  }, 200_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers when the server asks whether it is there', async () => {
    await pay()
    await shows(open)
    const before = line().fromPage.filter(({ type }) => type === 'pong').length
    line().near.send(JSON.stringify({ type: 'ping' }))
    await expect
      .poll(() => line().fromPage.filter(({ type }) => type === 'pong').length, soon)
      .toBe(before + 1)
  })

  it('notices that the server is silent, says since when, and is right again once it is back', async () => {
    isDark = true
    const before = lines.length
    await pay()
    await page.clock.fastForward(10_000)
    await expect.poll(() => line().fromPage.some(({ type }) => type === 'ping'), soon).toBe(true)
    await page.clock.fastForward(5_000)
    await chip(/^Reconnecting/)
    await page.clock.fastForward(6_000)
    await chip(/^Stale since \d{1,2}:\d\d/)
    expect(await inspect(page)).toEqual([])
    expect(
      await tile()
        .getByText(`$${open + 1},000`, { exact: true })
        .count(),
    ).toBeGreaterThan(0)
    isDark = false
    // The attempt that is waiting in the dark is given up, and the next one gets through.
    await expect
      .poll(async () => {
        await page.clock.fastForward(5_000)
        return page.getByRole('button', { name: /^Live/ }).count()
      }, soon)
      .toBe(1)
    await shows(open)
    expect(lines.length).toBeGreaterThan(before)
  })

  it.each([1001, 1012, 1013])('comes back by itself after %d, where it left off', async (code) => {
    const before = lines.length
    const { cursor } = lastProgress().payload?.data?.goalProgress ?? {}
    const { near, far } = line()
    await near.close({ code, reason: 'Another server takes over' })
    await far.close({ code: 1000 })
    await chip(/^Reconnecting/)
    await pay()
    await page.clock.fastForward(3_000)
    await chip(/^Live/)
    await shows(open)
    expect(lines.length).toBe(before + 1)
    const subscribed = line().fromPage.find(({ id }) => id === 'DashboardGoalProgress')
    expect(subscribed?.payload?.variables?.since).toBe(cursor)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('holds its figures still, and catches up', async () => {
    await page.getByRole('button', { name: /^Live/ }).click()
    await chip(/^Paused/)
    const stopped = () =>
      line().fromPage.some(({ type, id }) => type === 'complete' && id === 'DashboardGoalProgress')
    await expect.poll(stopped, soon).toBe(true)
    await pay()
    await page.clock.fastForward(5_000)
    expect(
      await tile()
        .getByText(`$${open + 1},000`, { exact: true })
        .count(),
    ).toBeGreaterThan(0)
    await page.getByRole('button', { name: /^Paused/ }).click()
    await chip(/^Live/)
    await shows(open)
  })

  /** What is told in the dark is lost for good, as it is by a socket that died unnoticed. */
  const loseProgress = async () => {
    const before = lost
    isDark = true
    await pay()
    await expect.poll(() => lost, soon).toBeGreaterThan(before)
    isDark = false
  }

  it('is right after an hour in which the machine slept, though no event told of it', async () => {
    const before = lines.length
    await loseProgress()
    await page.clock.fastForward('01:00:00')
    await expect.poll(() => lines.length, soon).toBe(before + 1)
    await chip(/^Live/)
    await shows(open)
  })

  it('is right after an hour in which the browser kept its tab frozen', async () => {
    const before = lines.length
    await loseProgress()
    const figures = countAsked('DashboardFigures')
    // The browser of these tests freezes no tab, so its clock jumps, and what a thawed tab hears is told to it.
    await page.clock.pauseAt(await page.evaluate((ms) => Date.now() + ms, hourMs))
    await page.evaluate(() => document.dispatchEvent(new Event('resume')))
    await page.clock.resume()
    await expect.poll(() => countAsked('DashboardFigures'), soon).toBeGreaterThan(figures)
    await page.clock.fastForward(2_000)
    await expect.poll(() => lines.length, soon).toBe(before + 1)
    await chip(/^Live/)
    await shows(open)
  })

  it('asks anew where the server does not know what came after its cursor', async () => {
    const before = countAsked('Dashboard')
    line().near.send(event({ kind: 'GAP' }))
    await expect.poll(() => countAsked('Dashboard'), soon).toBeGreaterThan(before)
    await pay()
    await shows(open)
  })

  it('asks who is there when one of its streams may not be followed any more, and goes on', async () => {
    const before = lines.length
    const sessions = countAsked('/session')
    const lost = { message: 'It needs the scope.', extensions: { code: 'FORBIDDEN' } }
    line().near.send(JSON.stringify({ id: 'AlertRaised', type: 'error', payload: [lost] }))
    await expect.poll(() => countAsked('/session'), soon).toBe(sessions + 1)
    await page.clock.fastForward(2_000)
    await expect.poll(() => lines.length, soon).toBe(before + 1)
    await chip(/^Live/)
    await pay()
    await shows(open)
    expect(lines.length).toBe(before + 1)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('draws at most once a frame, however many events come', async () => {
    await pay()
    await shows(open)
    const first = BigInt(lastProgress().payload?.data?.goalProgress?.goal.progress.sequence ?? '0')
    await page.evaluate(() => {
      const counts = { frames: 0, drawn: 0 }
      Object.assign(window, { counts })
      const look = () => {
        counts.frames += 1
        requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
      const goals = document.querySelector('main section[aria-labelledby="goals"]')
      if (!goals) throw new Error('There are no goals')
      new MutationObserver(() => {
        counts.drawn += 1
      }).observe(goals, { subtree: true, childList: true, characterData: true })
    })
    for (let index = 1; index <= 500; index++)
      line().near.send(event({ kind: 'UPDATE', sequence: first + BigInt(index), value: 20_000 + index }))
    await tile().getByText('$20,500', { exact: true }).first().waitFor(soon)
    const counts = await page.evaluate(
      () => (window as unknown as { counts: { frames: number; drawn: number } }).counts,
    )
    expect(counts.drawn).toBeGreaterThan(0)
    expect(counts.drawn).toBeLessThanOrEqual(counts.frames + 1)
    expect(counts.drawn).toBeLessThan(500)
    await page.reload()
    await shows(open)
  })

  it('leads to the sign-in where nobody is signed in any more', async () => {
    await viewer.context.clearCookies()
    const { near } = line()
    await near.close({ code: 4403, reason: 'Forbidden' })
    await page.getByRole('heading', { name: 'Sign in' }).waitFor(soon)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
  })
})

const createGoal = `mutation ($input: CreateGoalInput!) {
  createGoal(input: $input) { __typename ... on Problem { message } }
}`

const recordReceipt = `mutation ($input: RecordReceiptInput!) {
  recordReceipt(input: $input) { __typename ... on Problem { message } }
}`
