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
  'AlertBacktest',
  'AlertBacktestEpisode',
  'AlertCondition',
  'AlertConnection',
  'AlertDeliveryConnection',
  'AlertEvent',
  'AlertQuietHours',
  'AlertRuleChange',
  'AlertRuleConnection',
  'AlertRuleFieldChange',
  'AlertTransition',
  'ApprovalEvent',
  'ApprovalRequestConnection',
  'ApprovalRequirement',
  'ApprovalStep',
  'AuditActor',
  'AuditEntryConnection',
  'AuditFinding',
  'AuditHead',
  'AuditOrigin',
  'AuditReceipt',
  'AuditSeal',
  'AuditVerification',
  'AuthorityHolder',
  'Conflict',
  'ControlItem',
  'ControlMark',
  'ControlPaperConnection',
  'ControlRun',
  'CreditApplicationConnection',
  'CreditApplicationDecision',
  'CreditApplicationFault',
  'CreditApplicationRefused',
  'CreditBand',
  'CreditClassLimit',
  'CreditCriterion',
  'CreditCriterionStep',
  'CreditCrossing',
  'CreditDecisionLevel',
  'CreditDecisionReason',
  'CreditEscalationStep',
  'CreditFigure',
  'CreditHold',
  'CreditLimit',
  'CreditLimitChange',
  'CreditLimitChangeConnection',
  'CreditLimitRow',
  'CreditLimitRowProblem',
  'CreditLimitSpan',
  'CreditLineMonth',
  'CreditLineProduct',
  'CreditLineSegment',
  'CreditPolicy',
  'CreditPolicyConnection',
  'CreditPolicyMailing',
  'CreditPolicyMailingConnection',
  'CreditPolicySimulation',
  'CreditPolicyText',
  'CreditPolicyTextAcknowledgement',
  'CreditPolicyTextApproval',
  'CreditPolicyTextConnection',
  'CreditRatingLimit',
  'CreditReference',
  'CreditReviewPeriod',
  'CreditScore',
  'CreditScoreLine',
  'CreditScorecard',
  'CreditSimulationCustomer',
  'CreditSimulationOutcomes',
  'CreditSimulationReason',
  'CreditSimulationRun',
  'CreditSimulationSums',
  'CustomerAging',
  'CustomerAgingConnection',
  'CustomerChangedEvent',
  'CustomerConnection',
  'CustomerCredit',
  'CustomerEvent',
  'CustomerEventConnection',
  'CustomerEventEdge',
  'CustomerExposure',
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
  'InvalidInput',
  'InvitationConnection',
  'InvoiceConnection',
  'KpiChoice',
  'KpiConventions',
  'KpiExplanation',
  'KpiInput',
  'KpiRow',
  'MemberConnection',
  'Money',
  'NotFound',
  'OrderConnection',
  'PageInfo',
  'PaymentBehaviour',
  'Reconciliation',
  'ReconciliationLine',
  'RestatingEntry',
  'Restatement',
  'SalesPlanFault',
  'SalesPlanRefused',
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
      // What a dry run says of one is asked for without its id.
      CreditApplication: ({ id }) => (id as string | undefined) ?? null,
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
              request.operationName === 'AlertRaised' || request.operationName === 'CustomerNews'
                ? resume(socket.client, request, onSignedOut, (data) => {
                    sink.next({ data })
                    return (data.alertRaised ?? data.customerChanged)?.cursor ?? null
                  })
                : followGoalProgress(socket.client, known, request, onSignedOut, (events) => {
                    for (const goalProgress of events) sink.next({ data: { goalProgress } })
                  }),
          }),
        }),
      }),
    ],
  })
}

const listen = (target: EventTarget, name: string, listener: (event: Event) => void): (() => void) => {
  target.addEventListener(name, listener)
  return () => target.removeEventListener(name, listener)
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
    onSlept: () => wake(),
  })
  const wake = () => {
    if (document.visibilityState !== 'visible') return
    socket.wake()
    tellMissed()
  }
  // Seen again, thawed, back online, back by the way back.
  const stopWaking = [
    listen(document, 'visibilitychange', wake),
    listen(document, 'resume', wake),
    listen(window, 'online', wake),
    listen(window, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted) wake()
    }),
  ]

  return {
    client: makeClient(organization, socket, signedOut),
    socket,
    onMissed: (listener) => {
      missedListeners.add(listener)
      return () => void missedListeners.delete(listener)
    },
    end: () => {
      for (const stop of stopWaking) stop()
      isOver = true
      socket.end()
    },
  }
}
