/** What people change about their own way in, and how they come in for the first time. */
import { call, type Refusal } from './requests.ts'

export const changePassword = (currentPassword: string, newPassword: string): Promise<null | Refusal> =>
  call('POST', '/auth/change-password', { currentPassword, newPassword })

/** `token` comes out of a link that the operator made. */
export const resetPassword = (token: string, password: string): Promise<null | Refusal> =>
  call('POST', '/auth/reset-password', { token, password })

/** For an authenticator: the address of its QR code, the same secret to type, and codes for a lost device. */
export type SecondFactor = {
  readonly uri: string
  readonly secret: string
  readonly backupCodes: readonly string[]
}

/** In force only once a first code is verified. */
export const enableSecondFactor = (password: string): Promise<SecondFactor | Refusal> =>
  call('POST', '/auth/two-factor/enable', { password })

export const disableSecondFactor = (password: string): Promise<null | Refusal> =>
  call('POST', '/auth/two-factor/disable', { password })

/** New codes; the old ones are void. */
export const makeBackupCodes = (
  password: string,
): Promise<{ readonly backupCodes: readonly string[] } | Refusal> =>
  call('POST', '/auth/two-factor/backup-codes', { password })

export type OwnSession = {
  readonly id: string
  readonly current: boolean
  readonly createdAt: string
  readonly renewedAt: string
  readonly expiresAt: string
  readonly address: string | null
  readonly agent: string | null
}

export const listSessions = (): Promise<{ readonly sessions: readonly OwnSession[] } | Refusal> =>
  call('GET', '/auth/sessions')

export const revokeSession = (id: string): Promise<null | Refusal> =>
  call('POST', '/auth/sessions/revoke', { id })

export const revokeOtherSessions = (): Promise<{ readonly revoked: number } | Refusal> =>
  call('POST', '/auth/sessions/revoke-others')

export type InvitationFacts = {
  readonly organization: { readonly slug: string; readonly name: string }
  readonly email: string
  readonly role: string
  readonly expiresAt: string
  /** Somebody of this e-mail can sign in here already. */
  readonly account: boolean
  /** And that is who is signed in. */
  readonly signedIn: boolean
}

export const readInvitation = (token: string): Promise<InvitationFacts | Refusal> =>
  call('POST', '/session/invitation/facts', { token })

/** `account` is for somebody who has none yet. */
export const acceptInvitation = (
  token: string,
  account: { readonly name: string; readonly password: string } | null,
): Promise<{ readonly organization: string } | Refusal> =>
  call('POST', '/session/invitation', { token, ...account })
