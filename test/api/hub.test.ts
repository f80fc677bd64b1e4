/** The hub under any order of things: who joins, leaves, reads slowly and comes back gets everything once and in order. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHub, type Hub, type JoinRequest, type Opened, type Outlet } from '@tidemark/server/live/hub.ts'
import { createQueue } from '@tidemark/server/live/queue.ts'

type Row = { readonly sequence: bigint; readonly key: string }

/** Lets others go first, for as long as `turns` says. */
type Pause = (name: string) => Promise<void>

/** A sequence that grows, and a feed that tells its rows a little later. */
const createBooks = (pause: Pause) => {
  const rows: Row[] = []
  const followers = new Set<(row: Row) => void>()
  let told = 0
  const opened = { count: 0, following: 0 }
  return {
    rows,
    opened,
    commit(key: string) {
      rows.push({ sequence: BigInt(rows.length + 1), key })
    },
    /** Hands out what was committed, as the feed does: all in one go. */
    tell() {
      const news = rows.slice(told)
      told = rows.length
      for (const row of news) for (const follower of followers) follower(row)
    },
    /** As the subscriptions' resolvers do. */
    async open(since: string | null): Promise<Opened> {
      opened.count += 1
      const arrived: Row[] = []
      let take = (row: Row): void => void arrived.push(row)
      const follower = (row: Row) => take(row)
      followers.add(follower)
      opened.following += 1
      await pause('read')
      const position = BigInt(rows.length)
      const missed = rows.filter(({ sequence }) => sequence > BigInt(since ?? 0))
      await pause('opened')
      const queue = createQueue(missed, {
        itemsMax: 1_000,
        keyOf: ({ key }) => key,
        onEnd: () => {
          followers.delete(follower)
          opened.following -= 1
        },
        order: { position, sequenceOf: ({ sequence }) => sequence },
      })
      take = (row) => {
        if (row.sequence > position) queue.push(row)
      }
      arrived.forEach(take)
      return { source: queue, again: missed.length - 1 }
    },
  }
}

const createOutlet = () => {
  const got: bigint[] = []
  let free = true
  let open = true
  let waiting: (() => void)[] = []
  const outlet: Outlet = {
    isOpen: () => open,
    isFree: () => free && open,
    write: (bytes) => {
      const text = Buffer.concat([...bytes]).toString()
      got.push(...text.split(' ').filter(Boolean).map(BigInt))
    },
    whenFree: (go) => void waiting.push(go),
    closeAsSlow: () => {
      open = false
    },
  }
  return {
    outlet,
    got,
    isOpen: () => open,
    block() {
      free = false
    },
    release() {
      free = true
      const going = waiting
      waiting = []
      for (const go of going) go()
    },
  }
}

const newHub = () =>
  createHub({
    encode: (_id, payloads) => payloads.map(({ json }) => Buffer.from(`${json.toString()} `)),
    logError: (error) => {
      throw error
    },
  })

const createViewer = (
  hub: Hub,
  books: ReturnType<typeof createBooks>,
  pause: Pause,
  { since = null, key = 'all', id = 'x' }: { since?: string | null; key?: string; id?: string } = {},
) => {
  const line = createOutlet()
  const left = new AbortController()
  const request: JoinRequest = {
    key,
    since,
    id,
    outlet: line.outlet,
    left: left.signal,
    open: () => books.open(since),
    execute: async (events) => {
      await pause('execute')
      return events.map((row) => Buffer.from(String((row as Row).sequence)))
    },
    withPrice: (first) => first,
  }
  const joined = hub.join(request).then((result) => {
    if (result.kind !== 'member') throw new Error(`It is ${result.kind}`)
    if (left.signal.aborted) result.membership.leave()
    else result.membership.begin()
    return result.membership
  })
  return {
    ...line,
    since,
    joined,
    async leave() {
      left.abort()
      const membership = await joined
      membership.leave()
    },
  }
}

const noPause: Pause = () => Promise.resolve()
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('who follows the same', () => {
  it('is told by one source, executed once, also where it joined later', async () => {
    const books = createBooks(noPause)
    const hub = newHub()
    const viewers = Array.from({ length: 50 }, (_, index) =>
      createViewer(hub, books, noPause, { id: `${index % 2}` }),
    )
    await Promise.all(viewers.map(({ joined }) => joined))
    expect(books.opened.count).toBe(1)
    books.commit('a')
    books.tell()
    await settle()
    const late = createViewer(hub, books, noPause)
    await late.joined
    books.commit('a')
    books.commit('b')
    books.tell()
    await settle()
    for (const { got } of viewers) expect(got).toEqual([1n, 2n, 3n])
    expect(late.got).toEqual([1n, 2n, 3n])
    expect(books.opened).toEqual({ count: 2, following: 1 })
    // Three rows, and the first once more, in the past of who came late.
    expect(hub.counts()).toMatchObject({
      subscriptions: 51,
      distinct: 1,
      executed: 4,
      replays: 2,
      frames: 153,
    })
    await Promise.all([...viewers, late].map((viewer) => viewer.leave()))
    expect(hub.counts()).toMatchObject({ subscriptions: 0, distinct: 0 })
    expect(books.opened.following).toBe(0)
  })

  it('that comes back by the thousand reads what it missed once for each place', async () => {
    const books = createBooks(noPause)
    for (let index = 0; index < 20; index++) books.commit(`${index}`)
    books.tell()
    const hub = newHub()
    const viewers = Array.from({ length: 3_000 }, (_, index) =>
      createViewer(hub, books, noPause, { since: `${10 + (index % 3)}` }),
    )
    await Promise.all(viewers.map(({ joined }) => joined))
    await settle()
    expect(books.opened.count).toBe(3)
    for (const { got, since } of viewers.slice(0, 6)) {
      expect(got).toHaveLength(20 - Number(since))
      expect(got[0]).toBe(BigInt(since ?? 0) + 1n)
    }
  })

  it('is told of what was committed before it asked, whoever asked at the same moment', async () => {
    const gate = Promise.withResolvers<void>()
    let slow = true
    const pause: Pause = (name) => (slow && name === 'opened' ? gate.promise : Promise.resolve())
    const books = createBooks(pause)
    const hub = newHub()
    const first = createViewer(hub, books, pause)
    await settle()
    // Read already, yet not answered: what comes now is not in it.
    books.commit('a')
    slow = false
    const second = createViewer(hub, books, pause)
    gate.resolve()
    await Promise.all([first.joined, second.joined])
    await settle()
    expect(second.got).toEqual([1n])
    books.tell()
    await settle()
    expect([first.got, second.got]).toEqual([[1n], [1n]])
  })
})

describe('a slow reader', () => {
  it('misses what a later event of the same key says, and nothing else; others wait for nothing', async () => {
    const books = createBooks(noPause)
    const hub = newHub()
    const slow = createViewer(hub, books, noPause)
    const fast = createViewer(hub, books, noPause)
    await Promise.all([slow.joined, fast.joined])
    slow.block()
    for (let index = 0; index < 2_000; index++) {
      books.commit(`${index % 7}`)
      books.tell()
      if (index % 10 === 0) await settle()
    }
    await settle()
    expect(fast.got).toHaveLength(2_000)
    slow.release()
    await settle()
    const { got } = slow
    expect(got.length).toBeLessThan(600)
    expect(got.toSorted((a, b) => Number(a - b))).toEqual(got)
    const last = new Map(books.rows.map(({ key, sequence }) => [key, sequence]))
    for (const sequence of last.values()) expect(got).toContain(sequence)
    expect(hub.counts().skipped).toBe(2_000 - got.length)
  })

  it('that is behind with too many different keys is closed', async () => {
    const books = createBooks(noPause)
    const hub = newHub()
    const slow = createViewer(hub, books, noPause)
    await slow.joined
    await settle()
    slow.block()
    for (let index = 0; index < 6_000; index++) {
      books.commit(`${index}`)
      if (index % 100 === 99) {
        books.tell()
        await settle()
      }
    }
    await settle()
    expect(slow.isOpen()).toBe(false)
  })
})

describe('a source that fails', () => {
  it('ends all who follow it with its error', async () => {
    const hub = newHub()
    const queue = createQueue<Row>([], {
      itemsMax: 10,
      keyOf: ({ key }) => key,
      onEnd: () => {},
      order: { position: 0n, sequenceOf: ({ sequence }) => sequence },
    })
    const books = { ...createBooks(noPause), open: () => Promise.resolve({ source: queue, again: 0 }) }
    const viewers = [createViewer(hub, books, noPause), createViewer(hub, books, noPause)]
    const memberships = await Promise.all(viewers.map(({ joined }) => joined))
    const ends = Promise.allSettled(memberships.map(({ ended }) => ended))
    queue.fail(new Error('gone'))
    expect(await ends).toMatchObject([
      { status: 'rejected', reason: { message: 'gone' } },
      { status: 'rejected', reason: { message: 'gone' } },
    ])
    expect(hub.counts()).toMatchObject({ subscriptions: 0, distinct: 0 })
  })

  it('is opened anew by the next who asks, where it could not be opened', async () => {
    const books = createBooks(noPause)
    const hub = newHub()
    let fails = true
    const failing = {
      ...books,
      open: (since: string | null) => (fails ? Promise.reject(new Error('no database')) : books.open(since)),
    }
    const first = createViewer(hub, failing, noPause)
    await expect(first.joined).rejects.toThrow('no database')
    fails = false
    const second = createViewer(hub, failing, noPause)
    await second.joined
    books.commit('a')
    books.tell()
    await settle()
    expect(second.got).toEqual([1n])
  })
})

/** What happens, in this order; between, whatever the scheduler lets go on. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('commit' as const), key: fc.constantFrom('a', 'b', 'c') }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('tell' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('join' as const),
        /** How far back it continues; null from nothing. */
        back: fc.option(fc.nat({ max: 5 })),
        id: fc.constantFrom('x', 'y'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat() }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
)

describe('any order of joining, leaving, committing, telling, reading and executing', () => {
  it('tells everybody everything after their place, once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
        const pause: Pause = (name) => scheduler.schedule(Promise.resolve(), name)
        const books = createBooks(pause)
        const hub = newHub()
        const staying: ReturnType<typeof createViewer>[] = []
        const leaving: Promise<void>[] = []
        for (const step of plan) {
          const viewer = 'which' in step ? staying[step.which % Math.max(staying.length, 1)] : undefined
          if (step.do === 'commit') books.commit(step.key)
          if (step.do === 'tell') books.tell()
          if (step.do === 'join') {
            const since = step.back === null ? null : `${Math.max(books.rows.length - step.back, 0)}`
            staying.push(createViewer(hub, books, pause, { since, id: step.id }))
          }
          if (step.do === 'block') viewer?.block()
          if (step.do === 'release') viewer?.release()
          if (step.do === 'leave' && viewer !== undefined) {
            staying.splice(staying.indexOf(viewer), 1)
            leaving.push(viewer.leave())
          }
          if (step.do === 'wait') {
            await settle()
            if (scheduler.count() > 0) await scheduler.waitOne()
            await settle()
          }
        }
        books.tell()
        for (const viewer of staying) viewer.release()
        do {
          await scheduler.waitIdle()
          await settle()
        } while (scheduler.count() > 0)
        await Promise.all([...leaving, ...staying.map(({ joined }) => joined)])
        for (const { got, since } of staying) {
          const due = books.rows
            .map(({ sequence }) => sequence)
            .filter((sequence) => sequence > BigInt(since ?? 0))
          expect(got).toEqual(due)
        }
        expect(hub.counts().subscriptions).toBe(staying.length)
        await Promise.all(staying.map((viewer) => viewer.leave()))
        expect([hub.counts().distinct, books.opened.following]).toEqual([0, 0])
      }),
      { numRuns: 500 },
    )
  })
})
