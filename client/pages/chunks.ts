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
  newGoal: () => import('./new-goal.tsx'),
  reviews: () => import('./reviews.tsx'),
  review: () => import('./review.tsx'),
  kpis: () => import('./kpis.tsx'),
  kpi: () => import('./kpi.tsx'),
  aging: () => import('./aging.tsx'),
  members: () => import('./members.tsx'),
  tokens: () => import('./tokens.tsx'),
  audit: () => import('./audit.tsx'),
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
export const NewGoalPage = page(async () => (await load.newGoal()).NewGoalPage)
export const ReviewsPage = page(async () => (await load.reviews()).ReviewsPage)
export const ReviewPage = page(async () => (await load.review()).ReviewPage)
export const KpisPage = page(async () => (await load.kpis()).KpisPage)
export const KpiPage = page(async () => (await load.kpi()).KpiPage)
export const AgingPage = page(async () => (await load.aging()).AgingPage)
export const MembersPage = page(async () => (await load.members()).MembersPage)
export const TokensPage = page(async () => (await load.tokens()).TokensPage)
export const AuditPage = page(async () => (await load.audit()).AuditPage)
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
