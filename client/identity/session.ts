/** Who is signed in, and the ways in and out. */
import { call, isRefusal, type Refusal } from './requests.ts'

export type SignedInPerson = {
  readonly name: string
  readonly email: string
  /** Whether a second factor is in force. */
  readonly twoFactor: boolean
  /** False for whoever signs in by the provider only. */
  readonly password: boolean
}

/** An organization that the person may enter. */
export type Membership = { readonly slug: string; readonly name: string; readonly role: string }

export type Session = {
  /** Null where nobody is signed in. */
  readonly person: SignedInPerson | null
  /** The oldest membership first. */
  readonly organizations: readonly Membership[]
  /** Whether this server lets anybody into its invented company. */
  readonly demo: boolean
  /** The provider by which people may sign in too; null where there is none. */
  readonly oidc: { readonly name: string } | null
}

export const readSession = (): Promise<Session | Refusal> => call<Session>('GET', '/session')

export const enterDemo = (): Promise<null | Refusal> => call<null>('POST', '/session/demo')

export const signOut = (): Promise<null | Refusal> => call<null>('DELETE', '/session')

/** `twoFactor`: the password was right, and a code has to follow. */
export const signIn = (email: string, password: string): Promise<{ readonly twoFactor: boolean } | Refusal> =>
  call('POST', '/auth/sign-in/email', { email, password })

export const verifyCode = (code: string): Promise<null | Refusal> =>
  call('POST', '/auth/two-factor/verify-totp', { code })

/** Each backup code works once. */
export const verifyBackupCode = (code: string): Promise<null | Refusal> =>
  call('POST', '/auth/two-factor/verify-backup-code', { code })

type ProviderWay = { readonly to: string; readonly invitation?: string }

/** Leaves the page for the provider's; null means that the browser is on its way. */
export const continueWithProvider = async (way: ProviderWay): Promise<null | Refusal> => {
  const answer = await call<{ readonly url: string }>('POST', '/auth/sign-in/oidc', way)
  if (isRefusal(answer)) return answer
  location.assign(answer.url)
  return null
}

/** Why the provider sent somebody back, in words; null where it did not. */
export const providerErrorWords = (code: string | null): string | null => {
  switch (code) {
    case null:
      return null
    case 'oidc_unknown_person':
      return 'Nobody with that e-mail is a member here. Ask for an invitation.'
    case 'oidc_email_not_verified':
      return 'The provider has not verified your e-mail address, so it cannot stand for you here.'
    case 'oidc_denied':
      return 'You did not finish signing in at the provider.'
    case 'invitation_for_another':
      return 'The invitation is for another e-mail than that of your account at the provider.'
    case 'invitation_gone':
      return 'That invitation was used, revoked, or is over. Ask for a new one.'
    default:
      return 'Signing in by the provider did not work. Try again.'
  }
}

// Whoever left the demo wants to be out of it, also after a reload.
const leftDemoKey = 'tidemark.left-demo'
export const hasLeftDemo = (): boolean => localStorage.getItem(leftDemoKey) !== null
export const rememberLeftDemo = (hasLeft: boolean): void => {
  if (hasLeft) localStorage.setItem(leftDemoKey, 'true')
  else localStorage.removeItem(leftDemoKey)
}

const lastOrganizationKey = 'tidemark.organization'
export const rememberOrganization = (slug: string): void => localStorage.setItem(lastOrganizationKey, slug)

/** Where `/` leads: the organization seen last, if it still is one of theirs, or the first. */
export const homeOrganization = (organizations: readonly Membership[]): Membership | null => {
  const last = localStorage.getItem(lastOrganizationKey)
  return organizations.find(({ slug }) => slug === last) ?? organizations[0] ?? null
}
