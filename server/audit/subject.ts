/** What an audit entry is about, as the API names it. */
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { isUuid } from '@tidemark/drizzle/uuid.ts'
import type { Event } from '../identity/record.ts'
import { encodeId, type IdType } from '../ids.ts'
import type { Loaders } from '../loaders.ts'
import type { MutationResolvers } from '../schema.generated.ts'

/** Of each action: what its subject is. A mutation or an event of sign-in that is missing here does not compile. */
const SUBJECTS: Readonly<Record<keyof MutationResolvers | Event | OtherAction, IdType>> = {
  recordInvoice: 'invoice',
  voidInvoice: 'invoice',
  correctInvoice: 'invoice',
  reDateInvoice: 'invoice',
  adjustInvoice: 'invoice',
  writeOffInvoice: 'invoice',
  reverseWriteOff: 'invoice',
  recoverInvoice: 'invoice',
  discountInvoice: 'invoice',
  reverseDiscount: 'invoice',
  moveInvoice: 'invoice',
  moveCustomer: 'customer',
  closePeriod: 'organization',
  reopenPeriod: 'organization',
  recordReceipt: 'receipt',
  recordReceipts: 'organization',
  applyReceipt: 'receipt',
  unapplyReceipt: 'receipt',
  bounceReceipt: 'receipt',
  recordCreditNote: 'creditNote',
  applyCreditNote: 'creditNote',
  unapplyCreditNote: 'creditNote',
  openDispute: 'dispute',
  resolveDispute: 'dispute',
  createCustomer: 'customer',
  updateCustomer: 'customer',
  setCreditLimit: 'customer',
  setCreditLimits: 'organization',
  importCreditLimits: 'organization',
  setSalesPlan: 'organization',
  importSalesPlan: 'organization',
  submitCreditApplication: 'creditApplication',
  decideCreditApplication: 'creditApplication',
  withdrawCreditApplication: 'creditApplication',
  setCreditScorecard: 'organization',
  placeCreditHold: 'customer',
  releaseCreditHold: 'customer',
  reviewCredit: 'customer',
  creditDecision: 'customer',
  releaseReservation: 'customer',
  recordSecurity: 'customer',
  endSecurity: 'customer',
  setCreditPolicy: 'organization',
  setCreditRating: 'customer',
  saveCreditPolicyText: 'organization',
  publishCreditPolicyText: 'organization',
  reapproveCreditPolicyText: 'organization',
  acknowledgeCreditPolicyText: 'organization',
  sendCreditPolicyText: 'organization',
  setParentCustomer: 'customer',
  setAuthorityMatrix: 'organization',
  requestApproval: 'approvalRequest',
  approveRequest: 'approvalRequest',
  rejectRequest: 'approvalRequest',
  withdrawRequest: 'approvalRequest',
  commentOnRequest: 'approvalRequest',
  recordOrder: 'order',
  importOrders: 'organization',
  releaseOrder: 'order',
  shipOrder: 'order',
  invoiceOrder: 'order',
  cancelOrder: 'order',
  setKpiConventions: 'organization',
  recordMetricValues: 'organization',
  recordRates: 'organization',
  createGoal: 'goal',
  applyGoals: 'goal',
  createMilestoneGoal: 'goal',
  updateMilestones: 'goal',
  addGoalAction: 'goal',
  updateGoalAction: 'goal',
  addGoalNote: 'goal',
  updateGoalNote: 'goal',
  updateGoal: 'goal',
  overrideGoalStatus: 'goal',
  withdrawGoalStatusOverride: 'goal',
  activateGoal: 'goal',
  pauseGoal: 'goal',
  resumeGoal: 'goal',
  closeGoal: 'goal',
  createAlertRule: 'alertRule',
  updateAlertRule: 'alertRule',
  deleteAlertRule: 'alertRule',
  addDefaultAlertRules: 'goal',
  acknowledgeAlert: 'alert',
  snoozeAlert: 'alert',
  createAlertChannel: 'alertChannel',
  rotateAlertChannelSecret: 'alertChannel',
  deleteAlertChannel: 'alertChannel',
  retryAlertDelivery: 'alertDelivery',
  openGoalReview: 'goal',
  updateGoalReview: 'goal',
  refreshGoalReview: 'goal',
  signGoalReview: 'goal',
  reopenGoalReview: 'goal',
  setGoalReviews: 'goal',
  openControlPaper: 'controlPaper',
  updateControlPaper: 'controlPaper',
  signControlPaper: 'controlPaper',
  createOrganization: 'organization',
  importInvoices: 'organization',
  importRates: 'organization',
  importMetricValues: 'organization',
  loadDemo: 'organization',
  restoreBackup: 'organization',
  watchCredit: 'customer',
  inviteMember: 'invitation',
  acceptInvitation: 'invitation',
  revokeInvitation: 'invitation',
  changeMemberRole: 'person',
  removeMember: 'person',
  erasePerson: 'person',
  createToken: 'token',
  rotateToken: 'token',
  revokeToken: 'token',
  createSession: 'token',
  signIn: 'person',
  signOut: 'person',
  lockedOut: 'person',
  passwordChanged: 'person',
  passwordLinkMade: 'person',
  twoFactorEnabled: 'person',
  twoFactorDisabled: 'person',
  backupCodesChanged: 'person',
  sessionsEnded: 'person',
}

/** What is no mutation and no event of sign-in, or was one in older versions. */
type OtherAction =
  | 'requestApproval'
  | 'createOrganization'
  | 'importInvoices'
  | 'importRates'
  | 'importMetricValues'
  | 'loadDemo'
  | 'restoreBackup'
  | 'watchCredit'
  | 'acceptInvitation'
  | 'createSession'

type Told = { readonly action: string; readonly subject: string }

const typeOf = ({ action, subject }: Told): IdType | null => {
  const types: Readonly<Record<string, IdType>> = SUBJECTS
  return isUuid(subject) && Object.hasOwn(SUBJECTS, action) ? (types[action] ?? null) : null
}

/** `customer_0199...`, or the bare text where a newer version wrote what this one does not know. */
export const subjectId = (entry: Told): string => {
  const type = typeOf(entry)
  return type === null ? entry.subject : encodeId(type, entry.subject)
}

/** What the audit keeps of an id as `subjectId` gave it. */
export const subjectOfId = (id: string): string => {
  const uuid = id.slice(id.indexOf('_') + 1)
  return isUuid(uuid) ? uuid : id
}

/** Its name, number or reference today; null where it has none, or is there no more. */
export const subjectName = async (
  entry: Told,
  loaders: Loaders,
  organization: Pick<OrganizationRow, 'id' | 'name'>,
): Promise<string | null> => {
  const { subject } = entry
  switch (typeOf(entry)) {
    case 'organization':
      return subject === organization.id ? organization.name : null
    case 'person':
      return (await loaders.person.load(subject))?.name ?? null
    case 'customer':
      return (await loaders.customer.load(subject))?.name ?? null
    case 'invoice':
      return (await loaders.invoice.load(subject))?.number ?? null
    case 'receipt':
      return (await loaders.receipt.load(subject))?.reference ?? null
    case 'creditNote':
      return (await loaders.creditNote.load(subject))?.number ?? null
    case 'goal':
      return (await loaders.goal.load(subject))?.name ?? null
    case 'alertRule':
      return (await loaders.alertRule.load(subject))?.name ?? null
    case 'alert':
      return (await loaders.alert.load(subject))?.summary ?? null
    case 'alertChannel':
      return (await loaders.alertChannel.load(subject))?.name ?? null
    case 'token':
      return (await loaders.token.load(subject))?.name ?? null
    case 'invitation':
      return (await loaders.invitation.load(subject))?.email ?? null
    case 'order':
      return (await loaders.order.load(subject))?.number ?? null
    case 'dispute':
    case 'security':
    case 'creditDecision':
    case 'approvalRequest':
    case 'milestone':
    case 'goalAction':
    case 'goalNote':
    case 'alertDelivery':
    case 'creditApplication':
    case 'goalReview':
    case 'controlPaper':
    case 'audit':
    case null:
      return null
  }
}
