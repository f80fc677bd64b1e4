/** What was done, as a person would say it; the log's own name for it is the mutation's. */
const actionWords: Readonly<Record<string, string>> = {
  acceptInvitation: 'Joined by invitation',
  activateGoal: 'Activated a goal',
  addGoalAction: 'Planned an action',
  addGoalNote: 'Wrote a note',
  applyCreditNote: 'Applied a credit note',
  applyReceipt: 'Applied a receipt',
  bounceReceipt: 'Recorded a bounce',
  changeMemberRole: 'Changed a role',
  closeGoal: 'Closed a goal',
  createCustomer: 'Added a customer',
  createGoal: 'Set a goal',
  createMilestoneGoal: 'Set a checklist',
  createOrganization: 'Opened the books',
  createToken: 'Made a token',
  erasePerson: 'Erased a person',
  importInvoices: 'Imported invoices',
  importRates: 'Imported rates',
  inviteMember: 'Invited somebody',
  loadDemo: 'Loaded the demo',
  openDispute: 'Opened a dispute',
  pauseGoal: 'Paused a goal',
  recordCreditNote: 'Recorded a credit note',
  recordInvoice: 'Recorded an invoice',
  recordReceipt: 'Recorded a receipt',
  removeMember: 'Removed a member',
  resolveDispute: 'Resolved a dispute',
  restoreBackup: 'Restored a backup',
  resumeGoal: 'Resumed a goal',
  revokeInvitation: 'Revoked an invitation',
  revokeToken: 'Revoked a token',
  rotateToken: 'Rotated a token',
  setCreditLimit: 'Set a credit limit',
  unapplyCreditNote: 'Took an applied credit back',
  unapplyReceipt: 'Took an applied receipt back',
  updateCustomer: 'Changed a customer',
  updateGoal: 'Changed a goal',
  updateGoalAction: 'Changed an action',
  updateGoalNote: 'Changed a note',
  updateMilestones: 'Changed a checklist',
  backupCodesChanged: 'Made new backup codes',
  lockedOut: 'Was locked out',
  passwordChanged: 'Changed the password',
  passwordLinkMade: 'Made a password link',
  sessionsEnded: 'Ended sessions',
  signIn: 'Signed in',
  signOut: 'Signed out',
  twoFactorDisabled: 'Turned the second factor off',
  twoFactorEnabled: 'Turned the second factor on',
}

/** The names that can be asked for, in the order of their words. */
export const knownActions: readonly string[] = Object.keys(actionWords).toSorted((a, b) =>
  (actionWords[a] ?? a).localeCompare(actionWords[b] ?? b, 'en'),
)

/** "newThingOfTomorrow" is "New thing of tomorrow". */
export const actionWord = (action: string): string => {
  const known = actionWords[action]
  if (known !== undefined) return known
  const text = action.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase()
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What kind of thing an id is of: "creditNote_0199..." is "Credit note". */
export const subjectKind = (subject: string): string => {
  const kind = /^([a-z]+(?:[A-Z_][a-z]+)*)_[\da-f]/.exec(subject)?.[1]
  if (kind === undefined) return 'Something'
  const text = kind.replaceAll(/_|(?=[A-Z])/g, ' ').toLowerCase()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
