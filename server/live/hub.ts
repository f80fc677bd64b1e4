/**
 * Who follows the same gets the same: of each distinct subscription one source is followed, each event is executed and
 * serialised once, and one buffer goes to all who named it alike. What somebody missed is read for all who ask after
 * the same place at the same time. Whoever joins reads first what was before, while what comes meanwhile waits for
 * them: by its place in the sequence it is known what of that they have been told.
 */
import type { ExecutionResult } from 'graphql'
import type { LogError } from '../events.ts'
import { lastOfEachKey, type Order, type Queue } from './queue.ts'

/** An event as it is told. */
export type Payload = {
  /** What it was executed to. */
  readonly json: Buffer
  /** Its place in the sequence. */
  readonly sequence: bigint
  /** Of those with one key the last one says all. */
  readonly key: unknown
}

/** How what is told reaches one subscriber. */
export type Outlet = {
  readonly isOpen: () => boolean
  /** False while what was written before waits for its reader. */
  readonly isFree: () => boolean
  readonly write: (bytes: readonly Buffer[]) => void
  /** Calls back once it is free; never where it closes before. */
  readonly whenFree: (go: () => void) => void
  /** For who will never catch up. Whoever was closed so comes back and resumes. */
  readonly closeAsSlow: () => void
}

/** To what events are executed, in JSON and in their order. */
export type Execute = (events: readonly unknown[]) => Promise<readonly Buffer[]>

/** What opening a source gave; and how often its price is to be paid again, for what it announces first. */
export type Opened = {
  readonly source: AsyncIterable<unknown> | ExecutionResult
  readonly again: number
}

export type JoinRequest = {
  /** Equal for those who are told the same. */
  readonly key: string
  /** The cursor after which it continues. */
  readonly since: string | null
  /** As the client calls it. */
  readonly id: string
  readonly outlet: Outlet
  /** Aborted when nobody waits for it any more. */
  readonly left: AbortSignal
  /** Opens the source. Of many who ask for the same one is asked to. */
  readonly open: (left: AbortSignal) => Promise<Opened>
  readonly execute: Execute
  /** Pays for what is announced first, and tells the price with it. */
  readonly withPrice: (first: Payload) => Payload
}

/** `alone`: a source that nobody else can follow; `refused`: there is none. */
export type Joined =
  | { readonly kind: 'member'; readonly membership: Membership; readonly again: number }
  | { readonly kind: 'alone'; readonly source: AsyncIterable<unknown>; readonly again: number }
  | { readonly kind: 'refused'; readonly result: ExecutionResult; readonly again: number }

export type Membership = {
  /** From now on it is written. */
  readonly begin: () => void
  /** Settles when there is nothing more to come; rejects where the source fails. */
  readonly ended: Promise<void>
  /** At once, also where it has not begun. */
  readonly leave: () => void
}

/** Of this process, since it started but for the first two. */
export type HubCounts = {
  readonly subscriptions: number
  readonly distinct: number
  /** Events that were executed, once for all who follow them. */
  readonly executed: number
  /** Times that the past was read. */
  readonly replays: number
  readonly frames: number
  /** Events that were not told, since a later one of the same key says all. */
  readonly skipped: number
}

export type Hub = {
  readonly join: (request: JoinRequest) => Promise<Joined>
  readonly counts: () => HubCounts
}

export type HubOptions = {
  /** What is written for payloads to whom calls it `id`. */
  readonly encode: (id: string, payloads: readonly Payload[]) => readonly Buffer[]
  readonly logError: LogError
}

/** Events that are executed in one view, and written at once. */
const TOGETHER_MAX = 100
/** A longer one is written alone. */
const RUN_BYTES_MAX = 64 * 1024
/** Beyond it only the last one of each key waits for a slow reader. */
const WAITING_MAX = 256
/** Different keys: who is so far behind begins anew. */
const WAITING_KEYS_MAX = 5_000

type Member = {
  readonly id: string
  readonly outlet: Outlet
  /** Up to here it was told how things stood; null until that was read. */
  position: bigint | null
  /** What waits for it; null where it is told things as they come. */
  waiting: Payload[] | null
  waitingMax: number
  left: boolean
  readonly end: PromiseWithResolvers<void>
}

/** Of what was before, a few events at a time: executed when the first who asked for them gets there. */
type Page = { readonly payloads: Promise<readonly Payload[]>; readonly next: () => Page | null }

type Replay =
  | {
      readonly kind: 'replay'
      readonly position: bigint
      readonly first: Page | null
      readonly again: number
    }
  | {
      readonly kind: 'alone'
      readonly source: AsyncIterable<unknown>
      readonly opener: JoinRequest
      readonly again: number
    }
  | { readonly kind: 'refused'; readonly result: ExecutionResult; readonly again: number }

/** One reading of the past, and who asked for it before it began. */
type Reading = { readonly askers: JoinRequest[]; readonly replay: Promise<Replay> }

/** Of one place: what is being read, and what is read after that, for those who asked later. */
type Place = { running: Promise<Replay> | null; next: Reading | null }

type Group = {
  readonly key: string
  /** By the names that clients gave. */
  readonly members: Map<string, Set<Member>>
  size: number
  /** What all follow, once it is open. */
  live: Queue<unknown> | null
  opening: Promise<unknown> | null
  readonly places: Map<string | null, Place>
  /** Of whoever joined last, since it knows the organization as it is now. */
  execute: Execute
}

export function createHub({ encode, logError }: HubOptions): Hub {
  const groups = new Map<string, Group>()
  const count = { subscriptions: 0, executed: 0, replays: 0, frames: 0, skipped: 0 }

  const send = (member: Member, payloads: readonly Payload[]): void => {
    member.outlet.write(encode(member.id, payloads))
    count.frames += payloads.length
  }

  /** All at once, so that nobody hears of it much later than others. */
  const tell = (group: Group, payloads: readonly Payload[]): void => {
    for (const [id, members] of group.members) {
      let bytes: readonly Buffer[] | null = null
      for (const member of members) {
        if (member.waiting !== null || !member.outlet.isFree()) {
          keepFor(member, payloads)
          continue
        }
        const news = newTo(member, payloads)
        if (news.length === payloads.length) {
          bytes ??= encode(id, payloads)
          member.outlet.write(bytes)
          count.frames += payloads.length
        } else if (news.length > 0) send(member, news)
      }
    }
  }

  const keepFor = (member: Member, payloads: readonly Payload[]): void => {
    if (member.waiting === null) {
      member.waiting = []
      member.outlet.whenFree(() => handOut(member))
    }
    member.waiting.push(...payloads)
    const before = member.waiting.length
    if (before <= member.waitingMax) return
    member.waiting = lastOfEachKey(member.waiting, ({ key }) => key)
    count.skipped += before - member.waiting.length
    // With more keys than fit there is nothing to drop: wait until it pays again.
    member.waitingMax = Math.min(Math.max(WAITING_MAX, member.waiting.length * 2), WAITING_KEYS_MAX)
    if (member.waiting.length > WAITING_KEYS_MAX) member.outlet.closeAsSlow()
  }

  /** What waits for it, for as long as somebody reads; then it is told things as they come. */
  const handOut = (member: Member): void => {
    const waiting = [...newTo(member, member.waiting ?? [])]
    while (isThere(member) && waiting.length > 0 && member.outlet.isFree()) {
      send(member, waiting.splice(0, countOfRun(waiting)))
    }
    member.waiting = waiting.length > 0 ? waiting : null
    member.waitingMax = WAITING_MAX
    if (waiting.length > 0 && isThere(member)) member.outlet.whenFree(() => handOut(member))
  }

  const catchUp = async (
    member: Member,
    page: Page | null,
    position: bigint,
    withPrice: JoinRequest['withPrice'],
  ): Promise<void> => {
    let isFirst = true
    while (page !== null) {
      const payloads: Payload[] = [...(await page.payloads)]
      if (isFirst && payloads[0] !== undefined && isThere(member)) payloads[0] = withPrice(payloads[0])
      isFirst = false
      while (payloads.length > 0) {
        const { outlet } = member
        if (!outlet.isFree()) await new Promise<void>((resolve) => outlet.whenFree(resolve))
        if (!isThere(member)) return
        send(member, payloads.splice(0, countOfRun(payloads)))
      }
      page = page.next()
    }
    member.position = position
    handOut(member)
  }

  const pageOf = (source: Ordered, events: readonly unknown[], execute: Execute): Page | null => {
    if (events.length === 0) return null
    let next: Page | null | undefined
    const together = events.slice(0, TOGETHER_MAX)
    count.executed += together.length
    const payloads = execute(together).then((jsons) => payloadsOf(source, together, jsons))
    // It may fail when all who asked have left.
    payloads.catch(() => {})
    return {
      payloads,
      next: () => (next === undefined ? (next = pageOf(source, events.slice(TOGETHER_MAX), execute)) : next),
    }
  }

  const follow = async (group: Group, source: Ordered): Promise<void> => {
    try {
      for (;;) {
        const step = await source.next()
        if (step.done === true) return endAll(group, (end) => end.resolve())
        const events = [step.value, ...source.take()]
        for (let from = 0; from < events.length; from += TOGETHER_MAX) {
          const together = events.slice(from, from + TOGETHER_MAX)
          const payloads = payloadsOf(source, together, await group.execute(together))
          count.executed += together.length
          if (group.size === 0) return
          while (payloads.length > 0) tell(group, payloads.splice(0, countOfRun(payloads)))
        }
      }
    } catch (error) {
      endAll(group, (end) => end.reject(error))
    }
  }

  const endAll = (group: Group, end: (end: PromiseWithResolvers<void>) => void): void => {
    for (const member of [...group.members.values()].flatMap((members) => [...members])) {
      leave(group, member)
      end(member.end)
    }
  }

  const enter = (request: JoinRequest): { readonly group: Group; readonly member: Member } => {
    const group = groups.get(request.key) ?? newGroup(request)
    groups.set(request.key, group)
    const member = newMember(request)
    const alike = group.members.get(member.id)
    if (alike === undefined) group.members.set(member.id, new Set([member]))
    else alike.add(member)
    group.size += 1
    count.subscriptions += 1
    return { group, member }
  }

  const leave = (group: Group, member: Member): void => {
    if (member.left) return
    member.left = true
    member.waiting = null
    count.subscriptions -= 1
    group.size -= 1
    const alike = group.members.get(member.id)
    alike?.delete(member)
    if (alike?.size === 0) group.members.delete(member.id)
    if (group.size > 0) return
    groups.delete(group.key)
    leaveSource(group.live)
  }

  /** Apart from all else that is known where somebody joins, so that what stays for weeks holds on to nothing of it. */
  const leaverOf = (group: Group, member: Member) => () => leave(group, member)

  const leaveSource = (source: AsyncIterable<unknown> | null): void => {
    source?.[Symbol.asyncIterator]()
      .return?.()
      .catch((error: unknown) => logError(error, 'A subscription did not end cleanly'))
  }

  /** What was before, as it is known after this was asked for. */
  const askFor = (group: Group, request: JoinRequest): Promise<Replay> => {
    const place = group.places.get(request.since) ?? { running: null, next: null }
    group.places.set(request.since, place)
    place.next ??= readNext(group, request.since, place)
    place.next.askers.push(request)
    return place.next.replay
  }

  const readNext = (group: Group, since: string | null, place: Place): Reading => {
    const askers: JoinRequest[] = []
    const read = async (): Promise<Replay> => {
      await place.running?.catch(() => {})
      // Whoever opens the source that all follow comes first, so that nothing lies between its beginning and their past.
      while (group.live === null && group.opening !== null) await group.opening.catch(() => {})
      place.next = null
      const replay = readPast(group, askers)
      place.running = replay
      if (group.live === null) group.opening = replay
      try {
        return await replay
      } finally {
        if (group.opening === replay) group.opening = null
        if (place.running === replay) place.running = null
        if (place.running === null && place.next === null) group.places.delete(since)
      }
    }
    return { askers, replay: read() }
  }

  const readPast = async (group: Group, askers: readonly JoinRequest[]): Promise<Replay> => {
    const asked = [...askers]
    const opener = asked.find(({ left }) => !left.aborted) ?? asked[0]
    if (opener === undefined) throw new Error('Nobody asked')
    count.replays += 1
    const staying = allLeft(asked)
    const { source, again } = await opener.open(staying.signal).finally(() => staying.forget())
    if (!(Symbol.asyncIterator in source)) return { kind: 'refused', result: source, again }
    if (!isShareable(source)) return { kind: 'alone', source, opener, again }
    const first = pageOf(source, source.takeFirst(), opener.execute)
    group.execute = opener.execute
    if (group.size > 0 && group.live === null) {
      group.live = source
      void follow(group, source)
    } else leaveSource(source)
    return { kind: 'replay', position: source.order.position, first, again }
  }

  return {
    async join(request) {
      const { group, member } = enter(request)
      // An outlet that closed while this was read is never heard of again.
      const stop = leaverOf(group, member)
      request.left.addEventListener('abort', stop, { once: true })
      try {
        const replay = await askFor(group, request)
        const { again } = replay
        if (replay.kind === 'refused') {
          stop()
          return replay
        }
        if (replay.kind === 'alone') {
          stop()
          if (replay.opener === request) return { kind: 'alone', source: replay.source, again }
          const own = await request.open(request.left)
          return Symbol.asyncIterator in own.source
            ? { kind: 'alone', source: own.source, again: own.again }
            : { kind: 'refused', result: own.source, again: own.again }
        }
        const { first, position } = replay
        const begin = () =>
          void catchUp(member, first, position, request.withPrice).catch((error: unknown) => {
            stop()
            member.end.reject(error)
          })
        return { kind: 'member', membership: membershipOf(member, stop, begin), again }
      } catch (error) {
        stop()
        throw error
      } finally {
        request.left.removeEventListener('abort', stop)
      }
    },
    counts: () => ({ ...count, distinct: groups.size }),
  }
}

const newGroup = ({ key, execute }: JoinRequest): Group => ({
  key,
  members: new Map(),
  size: 0,
  live: null,
  opening: null,
  places: new Map(),
  execute,
})

const newMember = ({ id, outlet }: JoinRequest): Member => {
  const end = Promise.withResolvers<void>()
  // Whoever has left waits for no end.
  end.promise.catch(() => {})
  return { id, outlet, position: null, waiting: [], waitingMax: WAITING_MAX, left: false, end }
}

const isThere = ({ left, outlet }: Member): boolean => !left && outlet.isOpen()

/** Without what its replay has told already. */
const newTo = ({ position }: Member, payloads: readonly Payload[]): readonly Payload[] =>
  position === null || payloads.every(({ sequence }) => sequence > position)
    ? payloads
    : payloads.filter(({ sequence }) => sequence > position)

/** A queue that tells its places, and where its live part begins. */
type Ordered = Queue<unknown> & { readonly order: Order<unknown> }

const isShareable = (source: AsyncIterable<unknown>): source is Ordered =>
  'order' in source && 'takeFirst' in source && source.order !== null

const payloadsOf = (
  { order, keyOf }: Ordered,
  events: readonly unknown[],
  jsons: readonly Buffer[],
): Payload[] =>
  jsons.map((json, index) => {
    const event = events[index]
    return { json, sequence: order.sequenceOf(event), key: keyOf(event) }
  })

/** Aborted when the last of them has left. */
const allLeft = (askers: readonly JoinRequest[]): { readonly signal: AbortSignal; forget(): void } => {
  const everybody = new AbortController()
  let staying = askers.length
  const oneLeft = () => {
    staying -= 1
    if (staying === 0) everybody.abort()
  }
  for (const { left } of askers) {
    if (left.aborted) oneLeft()
    else left.addEventListener('abort', oneLeft, { once: true })
  }
  return {
    signal: everybody.signal,
    forget() {
      for (const { left } of askers) left.removeEventListener('abort', oneLeft)
    },
  }
}

/** How many of the first are written at once: what was written is in memory until it is read. */
const countOfRun = (payloads: readonly Payload[]): number => {
  let bytes = 0
  for (const [index, { json }] of payloads.entries()) {
    bytes += json.length
    if (bytes > RUN_BYTES_MAX && index > 0) return index
  }
  return payloads.length
}

/**
 * Begins once, and forgets what it began with: a subscription may be open for weeks, and must not hold on to its past.
 */
const membershipOf = (member: Member, stop: () => void, beginning: () => void): Membership => {
  let begin: (() => void) | null = beginning
  return {
    begin() {
      begin?.()
      begin = null
    },
    ended: member.end.promise,
    leave() {
      begin = null
      stop()
      member.end.resolve()
    },
  }
}
