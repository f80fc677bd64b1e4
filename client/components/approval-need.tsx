import type { ApprovalNeed_RequirementFragment, AuthorityAction } from '../documents.generated.ts'
import { roleWord } from '../format/words.ts'
import { Notice } from '../ui/notice.tsx'

export const authorityWords = {
  CREDIT_LIMIT: 'a higher limit',
  UNLIMITED_CREDIT: 'unlimited credit',
  RELEASE_HOLD: 'the end of a hold',
  WRITE_OFF: 'a write-off',
  CREDIT_NOTE: 'a credit note',
  RE_DATE: 'a later due date',
  TERMS: 'longer terms',
  ADJUSTMENT: 'an adjustment',
  ORDER_OVERRIDE: 'an order against the credit',
} as const satisfies Record<AuthorityAction, string>

type Requirement = ApprovalNeed_RequirementFragment

const holderWord = ({ anyone, role, person, token }: Requirement['approvers'][number]): string => {
  if (anyone) return 'anybody who may approve'
  if (person) return person.name
  if (role !== null) return roleWord(role).toLowerCase()
  return token ?? 'a token'
}

/** "2 of admin, Ana Brandt for a higher limit". */
export const requirementWords = ({ action, approvers, approvals }: Requirement): string => {
  const whose = approvers.length === 0 ? 'nobody yet' : approvers.map(holderWord).join(' or ')
  return `${approvals > 1 ? `${approvals} of ` : ''}${whose}, for ${authorityWords[action]}`
}

type ApprovalNeedProps = { readonly requirements: readonly Requirement[] }

/** Whose approval something needs. */
export const ApprovalNeed = ({ requirements }: ApprovalNeedProps) => (
  <ul className="grid gap-0.5">
    {requirements.map((requirement) => (
      <li key={requirement.action}>{requirementWords(requirement)}</li>
    ))}
  </ul>
)

/** Said before something is sent that waits for approval then. */
export const AboveAuthority = ({ requirements }: ApprovalNeedProps) => (
  <Notice tone="watch">
    <p className="font-medium">This is above your authority. It needs the approval of:</p>
    <ApprovalNeed requirements={requirements} />
  </Notice>
)
