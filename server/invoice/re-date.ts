import type { ApprovalAsked } from '../authority/asked.ts'
import type { CommandContext } from '../command.ts'
import { dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import type { InstallmentState } from '../domain/invoice.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import type { ReDateInvoiceInput } from '../schema.generated.ts'
import {
  changeWithAuthority,
  type Held,
  type InvoiceMoved,
  type Movement,
  type MovementProposal,
} from './movement.ts'

/** Gives an open installment another due date, from the day on which that was agreed. */
export const reDateInvoice = async (
  context: CommandContext,
  input: ReDateInvoiceInput,
): Promise<InvoiceMoved | ApprovalAsked | Problem> => {
  if (!isPlausible(input.dueOn)) return implausible(['dueOn'], input.dueOn)
  const dueOn = dayOf(input.dueOn)
  const occurred = { date: input.occurredOn, path: ['occurredOn'] }
  return changeWithAuthority(
    context,
    { action: 'reDateInvoice', input, needsReason: true, occurred },
    (held) => reDating(held, input.installment ?? null, dueOn),
    (held, { movements: [movement] }) => later(held, movement?.installment ?? 1, dueOn),
  )
}

/** By how many days it is later than it first was; an earlier date than that of now is nobody's favour. */
function later({ item, installments }: Held, number: number, dueOn: Day): MovementProposal {
  const part = installments.find((installment) => installment.number === number)
  if (part === undefined) throw new Error(`There is no installment ${number} that was given another date`)
  const { currency } = item
  return {
    action: 'RE_DATE',
    before: formatDay(part.dueOn),
    after: formatDay(dueOn),
    from: null,
    to: dueOn > part.dueOn ? { minor: part.balance, currency } : null,
    days: dueOn > part.dueOn ? Math.max(1, dueOn - part.firstDueOn) : 0,
  }
}

function reDating(held: Held, number: number | null, dueOn: Day): Movement[] | Problem {
  const { item } = held
  const part = openInstallment(held, number)
  if (isProblem(part)) return part
  if (dueOn < item.startsOn) {
    return invalid(['dueOn'], `A due date does not lie before the invoice date ${formatDay(item.startsOn)}`)
  }
  if (dueOn === part.dueOn) return invalid(['dueOn'], `It falls due on ${formatDay(dueOn)} already`)
  return [{ kind: 'RE_DATED', installment: part.number, amount: 0n, dueOn }]
}

function openInstallment({ row, installments }: Held, number: number | null): InstallmentState | Problem {
  const open = installments.filter(({ balance }) => balance > 0n)
  const [first] = open
  if (first === undefined) return invalid(['invoice'], `Nothing is owed on invoice ${row.number} any more`)
  if (number === null) {
    if (open.length === 1) return first
    const numbers = open.map((part) => part.number).join(', ')
    return invalid(['installment'], `Say which: the installments ${numbers} are open`)
  }
  return (
    open.find((part) => part.number === number) ??
    invalid(['installment'], `Invoice ${row.number} has no open installment ${number}`)
  )
}
