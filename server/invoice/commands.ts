import { randomUUIDv7 } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dateOf, dayOf, isPlausible, type Day } from '../domain/day.ts'
import { formatMinor, isCurrency, parseMinor } from '../domain/money.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findCustomer, findInvoices } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import type { NewItem } from '../ledger/new-items.ts'
import { post, type NewEntry } from '../ledger/post.ts'
import { segmentFor } from '../ledger/segments.ts'
import { conflict, implausible, invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText } from '../text.ts'
import type { RecordInvoiceInput } from '../schema.generated.ts'
import { invoice } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type InvoiceRecorded = Audited & { readonly invoiceId: string }

const INSTALLMENTS_MAX = 120

/** Records a bill. Its due date is the one given, else the invoice date plus the customer's terms. */
export async function recordInvoice(
  context: CommandContext,
  input: RecordInvoiceInput,
): Promise<InvoiceRecorded | Problem> {
  const checked = checkInvoice(input, dayOf(todayOf(context)))
  if (isProblem(checked)) return checked
  const command = {
    action: 'recordInvoice',
    input,
    duplicates: { invoice_number: duplicate(checked.number) },
  }
  return runCommand(context, command, (tx) => writeInvoice(tx, context, input, checked))
}

const duplicate = (number: string) =>
  conflict(['number'], `There is an invoice with number ${number} already`)

type Part = { readonly amount: bigint; readonly dueOn: Day }
type CheckedInvoice = {
  readonly number: string
  readonly productLine: string | null
  readonly minor: bigint
  readonly issuedOn: Day
  /** Null where the customer's terms decide. */
  readonly parts: readonly Part[] | null
}

/** What can be said of the input without the books. */
function checkInvoice(input: RecordInvoiceInput, today: Day): CheckedInvoice | Problem {
  const { amount, currency } = input.amount
  const number = readRequiredText(input.number, ['number'], NAME_LENGTH_MAX)
  if ('code' in number) return number
  const productLine = readText(input.productLine, ['productLine'], NAME_LENGTH_MAX)
  if ('code' in productLine) return productLine
  if (!isCurrency(currency))
    return invalid(['amount', 'currency'], `${currency} is no ISO 4217 currency code`)
  const minor = parseMinor(amount, currency)
  if (minor === null || minor <= 0n) {
    return invalid(['amount', 'amount'], `${amount} is no amount of ${currency} greater than 0`)
  }
  const slip = datesOf(input).find(({ date }) => !isPlausible(date))
  if (slip !== undefined) return implausible(slip.path, slip.date)
  const issuedOn = dayOf(input.issuedOn)
  if (issuedOn > today) return invalid(['issuedOn'], `${input.issuedOn.toString()} lies after today`)
  const parts = checkParts(input, minor)
  if (parts !== null && isProblem(parts)) return parts
  const early = parts?.findIndex((part) => part.dueOn < issuedOn) ?? -1
  if (early >= 0) {
    const path = input.installments ? ['installments', String(early), 'dueOn'] : ['dueOn']
    return invalid(path, `A due date does not lie before the invoice date ${input.issuedOn.toString()}`)
  }
  return { number: number.text, productLine: productLine.text, minor, issuedOn, parts }
}

type DateOfInput = { readonly path: Path; readonly date: Temporal.PlainDate }

function datesOf(input: RecordInvoiceInput): DateOfInput[] {
  const { issuedOn, dueOn, orderedOn, deliveredOn, sentOn, receivedOn, approvedOn } = input
  const named = { issuedOn, dueOn, orderedOn, deliveredOn, sentOn, receivedOn, approvedOn }
  return [
    ...Object.entries(named).flatMap(([field, date]) => (date ? [{ path: [field], date }] : [])),
    ...(input.installments ?? []).map(({ dueOn: date }, index) => ({
      path: ['installments', String(index), 'dueOn'],
      date,
    })),
  ]
}

function checkParts(input: RecordInvoiceInput, minor: bigint): readonly Part[] | Problem | null {
  const { dueOn, installments } = input
  if (dueOn && installments) return invalid(['dueOn'], 'Give either dueOn or installments')
  if (installments) return checkInstallments(installments, minor, input.amount.currency)
  return dueOn ? [{ amount: minor, dueOn: dayOf(dueOn) }] : null
}

function checkInstallments(
  installments: NonNullable<RecordInvoiceInput['installments']>,
  total: bigint,
  currency: string,
): Part[] | Problem {
  if (installments.length === 0 || installments.length > INSTALLMENTS_MAX) {
    return invalid(['installments'], `An invoice has 1 to ${INSTALLMENTS_MAX} installments`)
  }
  const parts: Part[] = []
  let left = total
  for (const [index, installment] of installments.entries()) {
    const path = ['installments', String(index)]
    const amount = parseMinor(installment.amount, currency)
    if (amount === null || amount <= 0n) {
      return invalid([...path, 'amount'], `${installment.amount} is no amount of ${currency} greater than 0`)
    }
    const dueOn = dayOf(installment.dueOn)
    if (dueOn < (parts.at(-1)?.dueOn ?? dueOn)) {
      return invalid([...path, 'dueOn'], 'Installments stand in ascending order of their due dates')
    }
    parts.push({ amount, dueOn })
    left -= amount
  }
  if (left === 0n) return parts
  const sum = formatMinor({ minor: total - left, currency })
  return invalid(
    ['installments'],
    `The installments add up to ${sum} ${currency}, which is not the invoice's amount`,
  )
}

async function writeInvoice(
  tx: Tx,
  context: CommandContext,
  input: RecordInvoiceInput,
  { number, productLine, minor, issuedOn, parts: given }: CheckedInvoice,
): Promise<InvoiceRecorded | Problem> {
  const { organization } = context
  const { currency } = input.amount
  const debtor = await findCustomer(tx, organization.id, input.customer, ['customer'])
  if (isProblem(debtor)) return debtor
  const replaced = await findInvoices(tx, organization.id, input.replaces ? [input.replaces] : [], () => [
    'replaces',
  ])
  if (isProblem(replaced)) return replaced
  const locked = await lockItems(
    tx,
    organization.id,
    [debtor.id],
    replaced.map((row) => row.id),
  )
  if ([...locked.values()].some((bill) => bill.customerId !== debtor.id)) {
    return invalid(['replaces'], `It is a bill of another customer than ${debtor.number}`)
  }
  const existing = await tx
    .select({ id: invoice.id })
    .from(invoice)
    .where(and(eq(invoice.organizationId, organization.id), eq(invoice.number, number)))
  if (existing.length > 0) return duplicate(number)

  const byTerms = dateOf(issuedOn).add({ days: debtor.termsDays })
  if (given === null && !isPlausible(byTerms)) return implausible(['dueOn'], byTerms)
  const parts = given ?? [{ amount: minor, dueOn: dayOf(byTerms) }]
  const id = randomUUIDv7()
  const { businessUnit, region, channel, ownerId } = debtor
  const dimensions = { currency, businessUnit, region, channel, productLine, collectorId: ownerId }
  const item: NewItem = {
    kind: 'INVOICE',
    id,
    customerId: debtor.id,
    segmentId: await segmentFor(tx, organization.id, dimensions),
    currency,
    startsOn: issuedOn,
    invoice: {
      number,
      dueOn: Math.max(...parts.map((part) => part.dueOn)),
      dueDerived: given === null,
      orderedOn: dayOrNull(input.orderedOn),
      deliveredOn: dayOrNull(input.deliveredOn),
      sentOn: dayOrNull(input.sentOn),
      receivedOn: dayOrNull(input.receivedOn),
      approvedOn: dayOrNull(input.approvedOn),
      replacesId: replaced[0]?.id ?? null,
    },
  }
  const entries = parts.map((part, index): NewEntry => ({
    itemId: id,
    kind: 'INVOICED',
    installment: index + 1,
    amount: part.amount,
    effectiveOn: issuedOn,
    occurredOn: issuedOn,
    dueOn: part.dueOn,
    counterpartId: null,
  }))
  const audit = await writeAudit(tx, context, {
    action: 'recordInvoice',
    subject: id,
    after: { number, amount: minor.toString(), currency, issuedOn: input.issuedOn.toString() },
  })
  await post(tx, organization.id, audit, { items: [item], entries })
  return { invoiceId: id, audit }
}

const dayOrNull = (date: Temporal.PlainDate | null | undefined): Day | null => (date ? dayOf(date) : null)
