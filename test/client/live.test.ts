import { announceChanges } from '@tidemark/client/live/announce.ts'
import {
  comeBackDelayMs,
  describeConnection,
  hasSlept,
  isSignedOutClose,
  retryDelayMs,
} from '@tidemark/client/live/connection.ts'
import { followGoalProgress } from '@tidemark/client/live/follow.ts'
import { see } from '@tidemark/client/live/news.ts'
import {
  admitEvent,
  isLater,
  type KnownProgress,
  lastOfEachGoal,
  type ProgressEvent,
  withNewestProgress,
} from '@tidemark/client/live/order.ts'
import { isForbidden, resume } from '@tidemark/client/live/resume.ts'
import { throttle } from '@tidemark/client/live/throttle.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const progressAt = (sequence: string, value: number | null = 44.3) => ({
  sequence,
  asOf: '2026-11-22',
  value,
  valueReason: value === null ? ('NO_SALES' as const) : null,
  expected: 43.6,
  percentToTarget: 71,
  status: 'ON_TRACK' as const,
  statusReason: 'Ahead of the trajectory.',
  recordedAt: '2026-11-22T10:00:00Z',
})
const goalAt = (id: string, sequence: string, value: number | null = 44.3): ProgressEvent['goal'] => ({
  id,
  name: `Goal ${id}`,
  direction: 'DECREASE',
  scope: 'All receivables',
  currency: 'USD',
  baseline: 52,
  target: 41,
  deadline: '2026-12-31',
  daysLeft: 39,
  state: 'ACTIVE',
  owner: null,
  metric: { metric: 'DSO', name: 'Days sales outstanding', unit: 'DAYS' },
  progress: progressAt(sequence, value),
})
const eventAt = (id: string, sequence: string, kind: ProgressEvent['kind'] = 'UPDATE'): ProgressEvent => ({
  cursor: `c${sequence}`,
  kind,
  goal: goalAt(id, sequence),
})

describe('the order of events', () => {
  it('compares sequences as whole numbers of any length', () => {
    expect(isLater({ sequence: '10' }, { sequence: '9' })).toBe(true)
    expect(isLater({ sequence: '9007199254740993' }, { sequence: '9007199254740992' })).toBe(true)
    expect(isLater({ sequence: '9' }, { sequence: '9' })).toBe(false)
  })

  it('lets each update through once, and none that is older than what is shown', () => {
    const known: KnownProgress = new Map()
    const arrived = ['5', '6', '6', '4', '7'].map((sequence) => eventAt('a', sequence))
    expect(arrived.map((event) => admitEvent(known, event))).toEqual([true, true, false, false, true])
    expect(known.get('a')?.sequence).toBe('7')
  })

  it('keeps goals apart', () => {
    const known: KnownProgress = new Map()
    expect(admitEvent(known, eventAt('a', '9'))).toBe(true)
    expect(admitEvent(known, eventAt('b', '3'))).toBe(true)
  })

  it.each(['SNAPSHOT', 'GAP'] as const)('takes a %s for what is, also where it counts anew', (kind) => {
    const known: KnownProgress = new Map()
    admitEvent(known, eventAt('a', '900'))
    expect(admitEvent(known, eventAt('a', '2', kind))).toBe(true)
    expect(admitEvent(known, eventAt('a', '3'))).toBe(true)
  })

  it('does not let a slow answer turn a tile back', () => {
    const known: KnownProgress = new Map()
    admitEvent(known, eventAt('a', '8'))
    expect(withNewestProgress(known, goalAt('a', '7')).progress?.sequence).toBe('8')
    const unevaluated: ProgressEvent['goal'] = { ...goalAt('a', '7'), progress: null }
    expect(withNewestProgress(known, unevaluated).progress?.sequence).toBe('8')
  })

  it('learns from an answer what it has newer, so that a repeated event is known as one', () => {
    const known: KnownProgress = new Map()
    const goal = goalAt('a', '9')
    expect(withNewestProgress(known, goal)).toBe(goal)
    expect(admitEvent(known, eventAt('a', '9'))).toBe(false)
  })

  it('shows of a burst the last of each goal, in the order of arrival', () => {
    const burst = [eventAt('a', '1'), eventAt('b', '2'), eventAt('a', '3')]
    expect(lastOfEachGoal(burst).map(({ cursor }) => cursor)).toEqual(['c2', 'c3'])
  })
})

describe('what makes the list of goals old', () => {
  it('is a goal, a state or a day that was not seen before, each once', () => {
    const seen = new Set<string>()
    expect(see(seen, [goalAt('a', '1')])).toBe(true)
    expect(see(seen, [goalAt('a', '2')])).toBe(false)
    expect(see(seen, [goalAt('b', '3')])).toBe(true)
    expect(see(seen, [{ ...goalAt('a', '4'), state: 'CLOSED' }])).toBe(true)
    expect(see(seen, [{ ...goalAt('a', '5'), progress: { ...progressAt('5'), asOf: '2026-11-23' } }])).toBe(
      true,
    )
    expect(see(seen, [goalAt('b', '6')])).toBe(false)
  })
})

describe('a throttled run', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('runs at once, then once more at the end of the interval for all that came meanwhile', async () => {
    const run = vi.fn<() => Promise<void>>(async () => {})
    const { request } = throttle(run, 1000)
    for (let count = 0; count < 50; count++) request()
    expect(run).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(999)
    expect(run).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(run).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(5000)
    expect(run).toHaveBeenCalledTimes(2)
    request()
    expect(run).toHaveBeenCalledTimes(3)
  })

  it('never overtakes itself: a slow run delays the next, and the next still comes', async () => {
    const finish: (() => void)[] = []
    const run = vi.fn<() => Promise<void>>(() => new Promise((resolve) => finish.push(resolve)))
    const { request } = throttle(run, 1000)
    request()
    request()
    await vi.advanceTimersByTimeAsync(3000)
    expect(run).toHaveBeenCalledTimes(1)
    finish[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(run).toHaveBeenCalledTimes(2)
  })

  it('goes on after a run that failed, and stops when it is cancelled', async () => {
    const run = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('The server is away')))
    const { request, cancel } = throttle(run, 1000)
    request()
    request()
    await vi.advanceTimersByTimeAsync(1000)
    expect(run).toHaveBeenCalledTimes(2)
    request()
    cancel()
    await vi.advanceTimersByTimeAsync(5000)
    expect(run).toHaveBeenCalledTimes(2)
  })
})

describe('the connection', () => {
  const facts = { isOpen: false, isPaused: false, heardAt: 100_000 }

  it('is named by what is known of it', () => {
    expect(describeConnection({ ...facts, heardAt: null }, 100_000)).toEqual({ kind: 'CONNECTING' })
    expect(describeConnection({ ...facts, isOpen: true }, 100_000)).toEqual({ kind: 'LIVE' })
    expect(describeConnection(facts, 119_999)).toEqual({ kind: 'RECONNECTING' })
    expect(describeConnection(facts, 120_000)).toEqual({ kind: 'STALE', since: 100_000 })
    expect(describeConnection({ ...facts, isOpen: true, isPaused: true }, 100_000)).toEqual({
      kind: 'PAUSED',
    })
  })

  it('is stale where nothing was heard for long, also while the socket seems to be open', () => {
    expect(describeConnection({ ...facts, isOpen: true }, 119_999)).toEqual({ kind: 'LIVE' })
    expect(describeConnection({ ...facts, isOpen: true }, 120_000)).toEqual({ kind: 'STALE', since: 100_000 })
  })

  it('knows from the clock that the machine slept', () => {
    expect(hasSlept(100_000, 101_000)).toBe(false)
    expect(hasSlept(100_000, 110_000)).toBe(false)
    expect(hasSlept(100_000, 3_700_000)).toBe(true)
    // A clock that was set back is no sleep.
    expect(hasSlept(100_000, 50_000)).toBe(false)
  })

  it('comes back in a wider spread where the server sent all of its viewers away', () => {
    const spread = (event: unknown) => comeBackDelayMs(event, 0, 1) - comeBackDelayMs(event, 0, 0)
    for (const code of [1001, 1012, 1013]) expect(spread({ code })).toBe(2250)
    expect(spread({ code: 1006 })).toBe(250)
    expect(spread(null)).toBe(250)
    expect(comeBackDelayMs({ code: 1012 }, 0, 0)).toBe(250)
  })

  it('is tried again for ever, later and later up to a limit, and not by all at the same moment', () => {
    expect(retryDelayMs(0, 0)).toBe(250)
    expect(retryDelayMs(0, 1)).toBe(500)
    expect(retryDelayMs(3, 0.5)).toBe(3000)
    expect(retryDelayMs(1000, 1)).toBe(15_000)
  })

  it('leads back to the way in only where the server closed it for that reason', () => {
    expect(isSignedOutClose({ code: 4403, reason: 'Forbidden' })).toBe(true)
    expect(isSignedOutClose({ code: 4401, reason: 'Unauthorized' })).toBe(true)
    expect(isSignedOutClose({ code: 1006, reason: '' })).toBe(false)
    expect(isSignedOutClose(new Error('broken'))).toBe(false)
    expect(isSignedOutClose(null)).toBe(false)
  })
})

type Subscription = {
  readonly payload: { readonly variables: { readonly since: string | null } }
  readonly sink: {
    next(result: { data: unknown }): void
    error(error: unknown): void
    complete(): void
  }
  stopped: boolean
}

/** In the place of a socket: what was subscribed to, to be told as a test likes. */
const openSocket = () => {
  const subscriptions: Subscription[] = []
  const client = {
    subscribe: (payload: Subscription['payload'], sink: Subscription['sink']) => {
      const subscription = { payload, sink, stopped: false }
      subscriptions.push(subscription)
      return () => {
        subscription.stopped = true
      }
    },
  } as unknown as Parameters<typeof resume>[0]
  const last = (): Subscription => {
    const subscription = subscriptions.at(-1)
    if (!subscription) throw new Error('Nobody subscribed')
    return subscription
  }
  return { client, subscriptions, last, tell: (data: unknown) => last().sink.next({ data }) }
}
const request = {
  query: 'subscription { a }',
  operationName: 'A',
  variables: { since: 'c0' },
  extensions: undefined,
} as Parameters<typeof resume>[1]
const progressOf = (event: ProgressEvent) => ({ goalProgress: event })

describe('a subscription that is resumed', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const follow = (onForbidden = vi.fn<() => void>()) => {
    const socket = openSocket()
    const stop = resume(socket.client, request, onForbidden, (data) => data.goalProgress?.cursor ?? null)
    return { ...socket, stop, onForbidden }
  }

  it('goes on after the last cursor seen, both on a socket that came back and when it is begun anew', async () => {
    const { last, subscriptions, tell } = follow()
    expect(last().payload.variables.since).toBe('c0')
    tell(progressOf(eventAt('a', '5')))
    // graphql-ws sends the same payload again.
    expect(subscriptions[0]?.payload.variables.since).toBe('c5')
    last().sink.error(new Error('The socket is closed'))
    await vi.advanceTimersByTimeAsync(500)
    expect(subscriptions).toHaveLength(2)
    expect(last().payload.variables.since).toBe('c5')
  })

  it('begins without a cursor where the server refused the subscription itself, later and later', async () => {
    const { last, subscriptions } = follow()
    last().sink.error([{ message: 'This cursor is none.', extensions: { code: 'BAD_USER_INPUT' } }])
    await vi.advanceTimersByTimeAsync(500)
    expect(last().payload.variables.since).toBeNull()
    for (let count = 0; count < 20; count++) {
      last().sink.error([{ message: 'Something is wrong.' }])
      await vi.advanceTimersByTimeAsync(15_000)
    }
    expect(subscriptions).toHaveLength(22)
  })

  it('is not asked for again where a right was lost, but who is there is found out', async () => {
    const { last, subscriptions, onForbidden } = follow()
    last().sink.error([{ message: 'It needs a scope.', extensions: { code: 'FORBIDDEN' } }])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(onForbidden).toHaveBeenCalledTimes(1)
    expect(subscriptions).toHaveLength(1)
    expect(isForbidden([{ extensions: { code: 'UNAUTHENTICATED' } }])).toBe(true)
    expect(isForbidden([{ extensions: { code: 'TIMEOUT' } }, {}])).toBe(false)
    expect(isForbidden({ code: 4403 })).toBe(false)
  })

  it('ends for good when nobody wants it any more', async () => {
    const { last, stop, subscriptions } = follow()
    last().sink.complete()
    stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(subscriptions).toHaveLength(1)
    expect(last().stopped).toBe(true)
  })
})

describe('a burst of events', () => {
  it('is handed on once a frame, the last of each goal, and never after the end', () => {
    const frames: (() => void)[] = []
    vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame))
    vi.stubGlobal('cancelAnimationFrame', () => frames.splice(0))
    const { client, tell } = openSocket()
    const handed: string[][] = []
    const stop = followGoalProgress(
      client,
      new Map(),
      request,
      () => {},
      (events) => handed.push(events.map(({ cursor }) => cursor)),
    )
    for (let index = 1; index <= 100; index++)
      tell(progressOf(eventAt(index % 2 === 0 ? 'even' : 'odd', String(index))))
    expect(frames).toHaveLength(1)
    expect(handed).toEqual([])
    frames.shift()?.()
    expect(handed).toEqual([['c99', 'c100']])
    tell(progressOf(eventAt('odd', '101')))
    stop()
    expect(frames).toHaveLength(0)
    expect(handed).toHaveLength(1)
    vi.unstubAllGlobals()
  })
})

describe('what a screen reader says', () => {
  it('is the last goal that moved, and how many others', () => {
    const say = (goals: Parameters<typeof announceChanges>[0]) =>
      announceChanges(goals).replaceAll('\u00a0', ' ')
    expect(say([])).toBe('')
    expect(say([goalAt('a', '1')])).toBe('Goal a: 44.3 days, on track.')
    expect(say([goalAt('b', '1'), goalAt('a', '2')])).toBe('Goal a: 44.3 days, on track. 1 other goal moved.')
    expect(say([goalAt('b', '1'), goalAt('c', '1'), goalAt('a', '2', null)])).toBe(
      'Goal a: Nothing was sold in the window, on track. 2 other goals moved.',
    )
  })
})
