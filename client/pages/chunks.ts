import { type ComponentType, lazy } from 'react'
import { accountPath, parseOrganizationPath } from './addresses.ts'

/**
 * The pages that are files of their own to load. The dashboard is none of them: it is what most people come for, so it
 * comes with the first file, and is there at once after signing in.
 */
const load = {
  goals: () => import('./goals.tsx'),
  goal: () => import('./goal.tsx'),
  alerts: () => import('./alerts.tsx'),
  alertRules: () => import('./alert-rules.tsx'),
  alertRule: () => import('./alert-rule.tsx'),
  newRule: () => import('./new-rule.tsx'),
  alertChannels: () => import('./alert-channels.tsx'),
  newGoal: () => import('./new-goal.tsx'),
  reviews: () => import('./reviews.tsx'),
  review: () => import('./review.tsx'),
  kpis: () => import('./kpis.tsx'),
  kpi: () => import('./kpi.tsx'),
  aging: () => import('./aging.tsx'),
  customers: () => import('./customers.tsx'),
  customer: () => import('./customer.tsx'),
  credit: () => import('./credit-reviews.tsx'),
  creditRequests: () => import('./credit-requests.tsx'),
  creditApplications: () => import('./credit-applications.tsx'),
  creditApplication: () => import('./credit-application.tsx'),
  creditApplicationForm: () => import('./credit-application-form.tsx'),
  creditScorecard: () => import('./credit-scorecard.tsx'),
  creditPolicy: () => import('./credit-policy.tsx'),
  creditText: () => import('./credit-text.tsx'),
  creditImport: () => import('./credit-import.tsx'),
  creditPlan: () => import('./credit-plan.tsx'),
  members: () => import('./members.tsx'),
  tokens: () => import('./tokens.tsx'),
  audit: () => import('./audit.tsx'),
  controls: () => import('./controls.tsx'),
  controlPaper: () => import('./control-paper.tsx'),
  account: () => import('./account.tsx'),
  signIn: () => import('./sign-in.tsx'),
  invitation: () => import('./invitation.tsx'),
  password: () => import('./password.tsx'),
} as const

const page = <Props>(find: () => Promise<ComponentType<Props>>) =>
  lazy(async () => ({ default: await find() }))

export const GoalsPage = page(async () => (await load.goals()).GoalsPage)
export const GoalPage = page(async () => (await load.goal()).GoalPage)
export const AlertsPage = page(async () => (await load.alerts()).AlertsPage)
export const AlertRulesPage = page(async () => (await load.alertRules()).AlertRulesPage)
export const NewRulePage = page(async () => (await load.newRule()).NewRulePage)
export const RulePage = page(async () => (await load.alertRule()).RulePage)
export const AlertChannelsPage = page(async () => (await load.alertChannels()).AlertChannelsPage)
export const NewGoalPage = page(async () => (await load.newGoal()).NewGoalPage)
export const ReviewsPage = page(async () => (await load.reviews()).ReviewsPage)
export const ReviewPage = page(async () => (await load.review()).ReviewPage)
export const KpisPage = page(async () => (await load.kpis()).KpisPage)
export const KpiPage = page(async () => (await load.kpi()).KpiPage)
export const AgingPage = page(async () => (await load.aging()).AgingPage)
export const CustomersPage = page(async () => (await load.customers()).CustomersPage)
export const CustomerPage = page(async () => (await load.customer()).CustomerPage)
export const CreditReviewsPage = page(async () => (await load.credit()).CreditReviewsPage)
export const CreditRequestsPage = page(async () => (await load.creditRequests()).CreditRequestsPage)
export const CreditApplicationsPage = page(
  async () => (await load.creditApplications()).CreditApplicationsPage,
)
export const CreditApplicationPage = page(async () => (await load.creditApplication()).CreditApplicationPage)
export const NewApplicationPage = page(async () => (await load.creditApplicationForm()).NewApplicationPage)
export const CreditScorecardPage = page(async () => (await load.creditScorecard()).CreditScorecardPage)
export const CreditPolicyPage = page(async () => (await load.creditPolicy()).CreditPolicyPage)
export const CreditTextPage = page(async () => (await load.creditText()).CreditTextPage)
export const CreditImportPage = page(async () => (await load.creditImport()).CreditImportPage)
export const CreditPlanPage = page(async () => (await load.creditPlan()).CreditPlanPage)
export const MembersPage = page(async () => (await load.members()).MembersPage)
export const TokensPage = page(async () => (await load.tokens()).TokensPage)
export const AuditPage = page(async () => (await load.audit()).AuditPage)
export const ControlsPage = page(async () => (await load.controls()).ControlsPage)
export const ControlPaperPage = page(async () => (await load.controlPaper()).ControlPaperPage)
export const AccountPage = page(async () => (await load.account()).AccountPage)
export const SignInPage = page(async () => (await load.signIn()).SignInPage)
export const InvitationPage = page(async () => (await load.invitation()).InvitationPage)
export const PasswordPage = page(async () => (await load.password()).PasswordPage)

const nameOf = (path: string): keyof typeof load | null => {
  switch (path) {
    case accountPath:
      return 'account'
    case '/sign-in':
      return 'signIn'
    case '/invitation':
      return 'invitation'
    case '/password':
      return 'password'
    default: {
      const { page, detail } = parseOrganizationPath(path) ?? { page: 'dashboard', detail: null }
      if (page === 'kpis' && detail !== null) return 'kpi'
      if (page === 'reviews' && detail !== null) return 'review'
      if (page === 'customers' && detail !== null) return 'customer'
      if (page === 'credit' && detail === 'requests') return 'creditRequests'
      if (page === 'credit' && detail === 'applications') return 'creditApplications'
      if (page === 'credit' && detail === 'applications/new') return 'creditApplicationForm'
      if (page === 'credit' && detail === 'applications/scorecard') return 'creditScorecard'
      if (page === 'credit' && detail?.startsWith('applications/')) return 'creditApplication'
      if (page === 'credit' && detail === 'text') return 'creditText'
      if (page === 'credit' && detail === 'policy') return 'creditPolicy'
      if (page === 'credit' && detail === 'import') return 'creditImport'
      if (page === 'credit' && detail === 'plan') return 'creditPlan'
      if (page === 'audit' && detail !== null) return detail === 'controls' ? 'controls' : 'controlPaper'
      if (page === 'alerts' && detail === 'new') return 'newRule'
      if (page === 'alerts' && detail !== null)
        return detail === 'rules' ? 'alertRules' : detail === 'channels' ? 'alertChannels' : 'alertRule'
      if (page === 'goals' && detail !== null) return detail === 'new' ? 'newGoal' : 'goal'
      return page === 'dashboard' ? null : page
    }
  }
}

/** Begins to load the page of an address, before the server said who is there or a link to it was followed. */
export const preloadPage = (path: string): void => {
  const name = nameOf(path)
  // A file that cannot be had says so when the page is shown.
  if (name !== null) load[name]().catch(() => {})
}
