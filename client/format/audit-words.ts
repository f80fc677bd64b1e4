/** What was done, as a person would say it; the log's own name for it is the mutation's. */
const actionWords: Readonly<Record<string, string>> = {
  acceptInvitation: 'Joined by invitation',
  acknowledgeAlert: 'Acknowledged an alert',
  activateGoal: 'Activated a goal',
  addDefaultAlertRules: 'Added the usual alert rules',
  addGoalAction: 'Planned an action',
  addGoalNote: 'Wrote a note',
  adjustInvoice: 'Adjusted an invoice',
  applyCreditNote: 'Applied a credit note',
  applyGoals: 'Applied a file of goals',
  applyReceipt: 'Applied a receipt',
  backupCodesChanged: 'Made new backup codes',
  bounceReceipt: 'Recorded a bounce',
  changeMemberRole: 'Changed a role',
  closeGoal: 'Closed a goal',
  closePeriod: 'Closed a month',
  correctInvoice: 'Corrected an invoice',
  createAlertChannel: 'Set up an alert channel',
  createAlertRule: 'Set an alert rule',
  createCustomer: 'Added a customer',
  createGoal: 'Set a goal',
  createMilestoneGoal: 'Set a checklist',
  createOrganization: 'Opened the books',
  createToken: 'Made a token',
  deleteAlertChannel: 'Removed an alert channel',
  deleteAlertRule: 'Removed an alert rule',
  discountInvoice: 'Recorded a discount',
  erasePerson: 'Erased a person',
  importInvoices: 'Imported invoices',
  importMetricValues: 'Imported numbers from outside',
  importRates: 'Imported rates',
  inviteMember: 'Invited somebody',
  loadDemo: 'Loaded the demo',
  lockedOut: 'Was locked out',
  moveCustomer: 'Moved a customer',
  moveInvoice: 'Moved an invoice',
  openDispute: 'Opened a dispute',
  openGoalReview: 'Opened a review',
  overrideGoalStatus: 'Overrode the status of a goal',
  passwordChanged: 'Changed the password',
  passwordLinkMade: 'Made a password link',
  pauseGoal: 'Paused a goal',
  reDateInvoice: 'Changed a due date',
  recordCreditNote: 'Recorded a credit note',
  recordInvoice: 'Recorded an invoice',
  recordMetricValues: 'Recorded numbers from outside',
  recordRates: 'Recorded exchange rates',
  recordReceipt: 'Recorded a receipt',
  recoverInvoice: 'Brought a written-off invoice back',
  refreshGoalReview: 'Found a review anew',
  removeMember: 'Removed a member',
  reopenGoalReview: 'Took signatures of a review back',
  reopenPeriod: 'Reopened a month',
  resolveDispute: 'Resolved a dispute',
  restoreBackup: 'Restored a backup',
  resumeGoal: 'Resumed a goal',
  retryAlertDelivery: 'Sent an alert once more',
  reverseDiscount: 'Took a discount back',
  reverseWriteOff: 'Took a write-off back',
  revokeInvitation: 'Revoked an invitation',
  revokeToken: 'Revoked a token',
  rotateAlertChannelSecret: 'Renewed the secret of an alert channel',
  rotateToken: 'Rotated a token',
  sessionsEnded: 'Ended sessions',
  setCreditLimit: 'Set a credit limit',
  setGoalReviews: 'Chose the reviews of a goal',
  setKpiConventions: 'Set the conventions of KPIs',
  signGoalReview: 'Signed a review',
  signIn: 'Signed in',
  signOut: 'Signed out',
  snoozeAlert: 'Snoozed an alert',
  twoFactorDisabled: 'Turned the second factor off',
  twoFactorEnabled: 'Turned the second factor on',
  unapplyCreditNote: 'Took an applied credit back',
  unapplyReceipt: 'Took an applied receipt back',
  updateAlertRule: 'Changed an alert rule',
  updateCustomer: 'Changed a customer',
  updateGoal: 'Changed a goal',
  updateGoalAction: 'Changed an action',
  updateGoalNote: 'Changed a note',
  updateGoalReview: 'Wrote in a review',
  updateMilestones: 'Changed a checklist',
  voidInvoice: 'Voided an invoice',
  withdrawGoalStatusOverride: 'Withdrew an override of a status',
  writeOffInvoice: 'Wrote an invoice off',
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
