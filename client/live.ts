import { cacheExchange } from '@urql/exchange-graphcache'
import { Client, fetchExchange, mapExchange, type OperationResult, subscriptionExchange } from 'urql'
import type { DashboardQuery } from './documents.generated.ts'
import { followGoalProgress } from './live/follow.ts'
import { type KnownProgress, withNewestProgress } from './live/order.ts'
import { resume } from './live/resume.ts'
import { type LiveSocket, openLiveSocket } from './live/socket.ts'

/** The page's way to the server: one HTTP client with one normalised cache, and one socket. */
export type Live = {
  readonly client: Client
  readonly socket: LiveSocket
  /** Calls the listener when what was shown may have been missed: after a reconnect, a sleep, a return to the tab. */
  readonly onMissed: (listener: () => void) => () => void
  readonly end: () => void
}

// What has no identity of its own is kept inside of what holds it.
const embedded = [
  'Aging',
  'AgingBucket',
  'AlertCondition',
  'AlertConnection',
  'AlertEvent',
  'AlertTransition',
  'AuditActor',
  'AuditEntryConnection',
  'AuditFinding',
  'AuditHead',
  'AuditOrigin',
  'AuditReceipt',
  'AuditSeal',
  'AuditVerification',
  'CustomerAging',
  'CustomerAgingConnection',
  'CustomerConnection',
  'ExplanationCustomer',
  'ExplanationInvoice',
  'ExplanationPart',
  'ExplanationSegment',
  'FiscalCalendar',
  'ForecastBackTest',
  'ForecastRange',
  'GoalActionEffect',
  'GoalBand',
  'GoalBudgetProgress',
  'GoalGuardProgress',
  'GoalStatusOverride',
  'GoalBaselineEvidence',
  'GoalChange',
  'GoalChildrenTotal',
  'GoalConnection',
  'GoalFieldChange',
  'GoalForecast',
  'GoalPoint',
  'GoalProgress',
  'GoalProgressEvent',
  'GoalShare',
  'GoalTargetGiven',
  'GoalTemplateDraft',
  'GoalTemplateMilestone',
  'GoalTrajectory',
  'GoalTrajectoryPoint',
  'InvitationConnection',
  'InvoiceConnection',
  'KpiChoice',
  'KpiConventions',
  'KpiExplanation',
  'KpiInput',
  'KpiRow',
  'MemberConnection',
  'Money',
  'PageInfo',
  'Reconciliation',
  'ReconciliationLine',
  'RestatingEntry',
  'Restatement',
  'SegmentAging',
  'SmartAchievable',
  'SmartCheck',
  'SmartConflict',
  'SmartHistory',
  'SmartMeasurable',
  'SmartRelevant',
  'SmartSpecific',
  'SmartTimeBound',
  'TokenConnection',
  'Viewer',
] as const

const makeCache = () =>
  cacheExchange({
    keys: {
      ...Object.fromEntries(embedded.map((type) => [type, () => null])),
      KpiDefinition: ({ metric }) => metric as string,
      RoleDefinition: ({ role }) => role as string,
    },
  })

const isSignedOut = ({ error }: OperationResult): boolean =>
  (error?.response as Response | undefined)?.status === 401 ||
  error?.graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED') === true

type Goals = DashboardQuery['goals']['nodes']

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** Each goal that an answer is about: of a list, one that was asked for, or the one that a mutation changed. */
const renewIn = (known: KnownProgress, name: string, value: unknown): unknown => {
  if (!isObject(value)) return value
  if (Array.isArray(value['nodes']) && (name === 'goals' || name === 'closedGoals')) {
    const nodes = value['nodes'] as Goals
    return {
      ...value,
      nodes: nodes.map((goal) => ('progress' in goal ? withNewestProgress(known, goal) : goal)),
    }
  }
  if (name === 'goal' && 'progress' in value) return withNewestProgress(known, value as Goals[number])
  return isObject(value['goal']) ? { ...value, goal: renewIn(known, 'goal', value['goal']) } : value
}

/** Below the cache, so that no answer can carry an older progress into it. */
const withNewestGoals = (known: KnownProgress, result: OperationResult): OperationResult => {
  if (result.operation.kind === 'subscription' || !isObject(result.data)) return result
  const data = Object.fromEntries(
    Object.entries(result.data).map(([name, value]) => [name, renewIn(known, name, value)]),
  )
  return { ...result, data }
}

const makeClient = (organization: string, socket: LiveSocket, onSignedOut: () => void): Client => {
  const known: KnownProgress = new Map()
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetchOptions: {
      headers: { 'x-tidemark-client': 'dashboard', 'x-tidemark-organization': organization },
      credentials: 'same-origin',
    },
    exchanges: [
      makeCache(),
      mapExchange({
        onResult: (result) => {
          if (isSignedOut(result)) onSignedOut()
          return withNewestGoals(known, result)
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe:
              request.operationName === 'AlertRaised'
                ? resume(socket.client, request, (data) => {
                    sink.next({ data })
                    return data.alertRaised?.cursor ?? null
                  })
                : followGoalProgress(socket.client, known, request, (events) => {
                    for (const goalProgress of events) sink.next({ data: { goalProgress } })
                  }),
          }),
        }),
      }),
    ],
  })
}

export type LiveEvents = {
  /** Called once: the server let nobody in any more, by an answer or by closing the socket. */
  readonly onSignedOut: () => void
  /** The socket was refused before it opened; the browser does not say whether the network or the server did. */
  readonly onRefused: () => void
}

/** Opens the way to one organization, by its slug. */
export const startLive = (organization: string, { onSignedOut, onRefused }: LiveEvents): Live => {
  const missedListeners = new Set<() => void>()
  const tellMissed = () => {
    for (const listener of missedListeners) listener()
  }
  let isOver = false
  const signedOut = () => {
    if (isOver) return
    isOver = true
    onSignedOut()
  }
  const socket = openLiveSocket(organization, {
    onReconnected: tellMissed,
    onSignedOut: signedOut,
    onRefused,
  })
  const onWake = () => {
    if (document.visibilityState !== 'visible') return
    socket.wake()
    tellMissed()
  }
  document.addEventListener('visibilitychange', onWake)
  window.addEventListener('online', onWake)

  return {
    client: makeClient(organization, socket, signedOut),
    socket,
    onMissed: (listener) => {
      missedListeners.add(listener)
      return () => void missedListeners.delete(listener)
    },
    end: () => {
      document.removeEventListener('visibilitychange', onWake)
      window.removeEventListener('online', onWake)
      isOver = true
      socket.end()
    },
  }
}
