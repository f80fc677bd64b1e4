import { type ComponentType, lazy } from 'react'
import { accountPath, parseOrganizationPath } from './addresses.ts'

/** Each page is a file of its own to load, but once; asking early costs nothing twice. */
const load = {
  organization: () => import('./organization.tsx'),
  dashboard: () => import('./dashboard.tsx'),
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

export const OrganizationArea = page(async () => (await load.organization()).OrganizationArea)
export const DashboardPage = page(async () => (await load.dashboard()).DashboardPage)
export const MembersPage = page(async () => (await load.members()).MembersPage)
export const TokensPage = page(async () => (await load.tokens()).TokensPage)
export const AuditPage = page(async () => (await load.audit()).AuditPage)
export const AccountPage = page(async () => (await load.account()).AccountPage)
export const SignInPage = page(async () => (await load.signIn()).SignInPage)
export const InvitationPage = page(async () => (await load.invitation()).InvitationPage)
export const PasswordPage = page(async () => (await load.password()).PasswordPage)

/** Begins to load the page of an address, before the server said who is there or a link to it was followed. */
export const preloadPage = (path: string): void => {
  const wanted = wantedFor(path)
  // A file that cannot be had says so when the page is shown.
  for (const name of wanted) load[name]().catch(() => {})
}

const wantedFor = (path: string): readonly (keyof typeof load)[] => {
  if (path === accountPath) return ['account']
  if (path === '/sign-in') return ['signIn']
  if (path === '/invitation') return ['invitation']
  if (path === '/password') return ['password']
  const found = path === '/' ? ({ page: 'dashboard' } as const) : parseOrganizationPath(path)
  return found ? ['organization', found.page] : []
}
