/** The subscriptions of clients, told by the hub to all at once who follow the same (live/hub.ts). */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql'
import { isUnreachable } from '@tidemark/drizzle/unreachable.ts'
import type { Spending } from '../access/budget.ts'
import {
  type Caller,
  closeContext,
  type Context,
  createContext,
  type Services,
  type Session,
} from '../context.ts'
import { countObjects } from '../cost.ts'
import { causeOf } from '../errors.ts'
import { executeEach, executeEvents, openSource, refusedSubscription } from '../execution.ts'
import type { Execute, Hub, Membership, Opened, Outlet, Payload } from '../live/hub.ts'
import { anybodyWith, subscriptionKeyOf } from '../live/subscription-key.ts'

export type Prepared = ExecutionArgs & { readonly contextValue: Context }

/** Where it is told. */
export type Recipient = {
  /** As the client calls the operation. */
  readonly id: string
  readonly outlet: Outlet
  /** Aborted when nobody waits for it any more. */
  readonly left: AbortSignal
}

/**
 * Begins what was admitted. Of a shared one nothing comes out of the iterator, for the hub writes it itself: it only
 * waits for the end.
 */
export type SubscribeShared = (
  args: Prepared,
  to: Recipient,
) => Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>

export type SharedOptions = {
  readonly services: Services
  readonly hub: Hub
  /** A result as clients see it. */
  readonly present: (result: ExecutionResult) => object
}

/** Between tries to execute events while the database cannot be reached: what happened is not passed over. */
const RETRY_MS = [50, 200, 500, 1_000] as const
/** Of those that took too long: they may be too much for the time that there is. */
const TIMEOUT_TRIES_MAX = 3
const TIMED_OUT = '57014'

export function createSharedSubscriptions({ services, hub, present }: SharedOptions): SubscribeShared {
  const inView = createViews(services)

  const executorOf =
    (args: ExecutionArgs, session: Session, rights: string): Execute =>
    async (events) => {
      const run = () =>
        inView(rights, session, (contextValue) => executeEvents({ ...args, contextValue }, events))
      let results = await run()
      for (let tries = 0; results.some((result) => isWorthATry(result, tries)); tries++) {
        await sleep(RETRY_MS[tries] ?? RETRY_MS.at(-1), undefined, { ref: false })
        results = await run()
      }
      return results.map((result) => Buffer.from(JSON.stringify(present(result))))
    }

  return async ({ contextValue: context, ...args }, { id, outlet, left }) => {
    const { schema, document, operationName, variableValues } = args
    const variables = variableValues ?? {}
    const own = { actor: context.actor, organization: context.organization }
    const { key, since, isPersonal } = subscriptionKeyOf(schema, { document, operationName, variables }, own)
    const session = isPersonal ? own : { ...own, actor: anybodyWith(own.actor) }
    const { spending } = context.bounds
    try {
      const joined = await hub.join({
        key,
        since,
        id,
        outlet,
        left,
        open: (everybodyLeft) => open(args, context, session, everybodyLeft),
        execute: executorOf(args, session, rightsOf(own, isPersonal)),
        withPrice: (first) => withPrice(first, spending),
      })
      spending?.again(joined.again)
      if (joined.kind === 'member') return waitForEnd(joined.membership)
      if (joined.kind === 'refused') return refusedSubscription(joined.result, context)
      return executeEach({ ...args, contextValue: context }, joined.source)
    } finally {
      void closeContext(context)
    }
  }

  async function open(
    args: ExecutionArgs,
    context: Context,
    session: Session,
    left: AbortSignal,
  ): Promise<Opened> {
    let again = 0
    const spending: Spending | null = context.bounds.spending && {
      ...context.bounds.spending,
      spend: () => Promise.resolve(null),
      settle: () => {},
      again: (times) => (again += times),
    }
    const contextValue = createContext(services, session, anyCaller(), { left, spending })
    const source = await openSource({ ...args, contextValue }, context)
    return { source, again }
  }
}

const rightsOf = ({ actor, organization }: Session, isPersonal: boolean): string =>
  [organization.id, ...actor.scopes, ...(isPersonal ? [actor.kind, actor.id] : [])].toSorted().join(' ')

/** Nobody in particular asks. */
const anyCaller = (): Caller => ({ requestId: randomUUID(), address: null, agent: null })

const isWorthATry = ({ errors }: ExecutionResult, tries: number): boolean =>
  errors?.some((error) => isPassing(error, tries)) === true

const isPassing = (error: GraphQLError, tries: number): boolean => {
  const cause = causeOf(error)
  if (isUnreachable(cause)) return true
  return tries < TIMEOUT_TRIES_MAX && cause instanceof Error && 'code' in cause && cause.code === TIMED_OUT
}

/** The first event that an operation is told also tells what that cost, as the answer of a query does. */
function withPrice(first: Payload, spending: Spending | null): Payload {
  if (spending === null) return first
  spending.settle(() => countObjects((JSON.parse(first.json.toString()) as ExecutionResult).data))
  const cost = `,"extensions":${JSON.stringify({ cost: spending.report() })}}`
  return { ...first, json: Buffer.concat([first.json.subarray(0, -1), Buffer.from(cost)]) }
}

const waitForEnd = (membership: Membership): AsyncIterableIterator<ExecutionResult> => {
  const iterator: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      membership.begin()
      await membership.ended
      return { done: true, value: undefined }
    },
    async return() {
      membership.leave()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return iterator
}

type InView = <T>(rights: string, session: Session, run: (context: Context) => Promise<T>) => Promise<T>

/**
 * What is executed at one moment for the same rights is read in one view of the data, so that many goals of one payment
 * and many different subscriptions to it cost the statements of one.
 */
const createViews = (services: Services): InView => {
  type View = { readonly context: Context; users: number }
  const open = new Map<string, View>()

  const viewOf = (rights: string, session: Session): View => {
    const known = open.get(rights)
    if (known !== undefined) return known
    const view: View = { context: createContext(services, session, anyCaller()), users: 0 }
    open.set(rights, view)
    setImmediate(() => forget(rights, view))
    return view
  }
  const forget = (rights: string, view: View): void => {
    if (open.get(rights) === view) open.delete(rights)
  }

  return async (rights, session, run) => {
    const view = viewOf(rights, session)
    view.users += 1
    try {
      return await run(view.context)
    } finally {
      view.users -= 1
      if (view.users === 0) {
        forget(rights, view)
        void closeContext(view.context)
      }
    }
  }
}
