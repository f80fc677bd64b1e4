/** What can be said of a bill without the books. */
import { dayOf, isPlausible, type Day } from '../domain/day.ts'
import { formatMinor, isCurrency, parseMinor } from '../domain/money.ts'
import type { InvoiceLine } from '../ledger/new-items.ts'
import { readTax } from '../ledger/tax.ts'
import { implausible, invalid, isProblem, type Path, type Problem } from '../problem.ts'
import type { CorrectInvoiceInput, RecordInvoiceInput } from '../schema.generated.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText } from '../text.ts'
import { readDiscount } from './discount-offer.ts'

/** What both ways to make a bill take. */
export type BillInput = Pick<
  CorrectInvoiceInput,
  Exclude<keyof CorrectInvoiceInput & keyof RecordInvoiceInput, 'dryRun' | 'idempotencyKey'>
>

/** A part with a due date of its own; minor units. */
export type Part = { readonly amount: bigint; readonly dueOn: Day }

export type CheckedBill = {
  readonly number: string
  /** Of all that names none itself. */
  readonly productLine: string | null
  readonly minor: bigint
  readonly currency: string
  readonly issuedOn: Day
  /** Null where the customer's terms decide. */
  readonly parts: readonly Part[] | null
  readonly lines: readonly InvoiceLine[]
  readonly discount: { readonly amount: bigint; readonly until: Day } | null
  readonly tax: bigint | null
  readonly milestones: Milestones
}

type Milestones = {
  readonly orderedOn: Day | null
  readonly deliveredOn: Day | null
  readonly sentOn: Day | null
  readonly receivedOn: Day | null
  readonly approvedOn: Day | null
}

const INSTALLMENTS_MAX = 120
const LINES_MAX = 1_000
/** Each has a share of its own in everything that is counted. */
const PRODUCT_LINES_MAX = 50

export function checkBill(input: BillInput, today: Day): CheckedBill | Problem {
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
  const tax = readTax(input.amountNet, { minor, currency })
  if (typeof tax === 'object' && tax !== null) return tax
  const slip = datesOf(input).find(({ date }) => !isPlausible(date))
  if (slip !== undefined) return implausible(slip.path, slip.date)
  const issuedOn = dayOf(input.issuedOn)
  if (issuedOn > today) return invalid(['issuedOn'], `${input.issuedOn.toString()} lies after today`)
  const parts = checkParts(input, minor, issuedOn)
  if (parts !== null && isProblem(parts)) return parts
  const lines = input.lines ? checkLines(input.lines, minor, currency, productLine.text) : []
  if (isProblem(lines)) return lines
  const discount = input.discount ? readDiscount(input.discount, { minor, currency }, issuedOn) : null
  if (discount !== null && isProblem(discount)) return discount
  return {
    number: number.text,
    productLine: productLine.text,
    minor,
    currency,
    issuedOn,
    parts,
    lines,
    discount,
    tax,
    milestones: {
      orderedOn: dayOrNull(input.orderedOn),
      deliveredOn: dayOrNull(input.deliveredOn),
      sentOn: dayOrNull(input.sentOn),
      receivedOn: dayOrNull(input.receivedOn),
      approvedOn: dayOrNull(input.approvedOn),
    },
  }
}

type DateOfInput = { readonly path: Path; readonly date: Temporal.PlainDate }

function datesOf(input: BillInput): DateOfInput[] {
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

function checkParts(input: BillInput, minor: bigint, issuedOn: Day): readonly Part[] | Problem | null {
  const { dueOn, installments } = input
  if (dueOn && installments) return invalid(['dueOn'], 'Give either dueOn or installments')
  if (!dueOn && !installments) return null
  const parts = installments
    ? checkInstallments(installments, minor, input.amount.currency)
    : [{ amount: minor, dueOn: dayOf(dueOn ?? input.issuedOn) }]
  if (isProblem(parts)) return parts
  const early = parts.findIndex((part) => part.dueOn < issuedOn)
  if (early < 0) return parts
  const path = installments ? ['installments', String(early), 'dueOn'] : ['dueOn']
  return invalid(path, `A due date does not lie before the invoice date ${input.issuedOn.toString()}`)
}

function checkInstallments(
  installments: NonNullable<BillInput['installments']>,
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
  return left === 0n ? parts : wrongSum('installments', total - left, currency)
}

const wrongSum = (field: string, minor: bigint, currency: string): Problem =>
  invalid(
    [field],
    `The ${field} add up to ${formatMinor({ minor, currency })} ${currency}, which is not the invoice's amount`,
  )

function checkLines(
  inputs: NonNullable<BillInput['lines']>,
  total: bigint,
  currency: string,
  usual: string | null,
): InvoiceLine[] | Problem {
  if (inputs.length === 0 || inputs.length > LINES_MAX)
    return invalid(['lines'], `A bill has 1 to ${LINES_MAX} lines`)
  const lines: InvoiceLine[] = []
  for (const [index, input] of inputs.entries()) {
    const line = checkLine(input, ['lines', String(index)], currency, usual)
    if (isProblem(line)) return line
    lines.push(line)
  }
  const sum = lines.reduce((all, { amount }) => all + amount, 0n)
  if (sum !== total) return wrongSum('lines', sum, currency)
  const productLines = new Set(lines.map(({ productLine }) => productLine))
  return productLines.size > PRODUCT_LINES_MAX
    ? invalid(
        ['lines'],
        `They name ${productLines.size} product lines; an invoice has at most ${PRODUCT_LINES_MAX}`,
      )
    : lines
}

function checkLine(
  input: NonNullable<BillInput['lines']>[number],
  path: Path,
  currency: string,
  usual: string | null,
): InvoiceLine | Problem {
  const description = readText(input.description, [...path, 'description'], NAME_LENGTH_MAX)
  if ('code' in description) return description
  const productLine = readText(input.productLine, [...path, 'productLine'], NAME_LENGTH_MAX)
  if ('code' in productLine) return productLine
  const amount = parseMinor(input.amount, currency)
  return amount === null
    ? invalid([...path, 'amount'], `${input.amount} is no amount of ${currency}`)
    : { description: description.text, productLine: productLine.text ?? usual, amount }
}

const dayOrNull = (date: Temporal.PlainDate | null | undefined): Day | null => (date ? dayOf(date) : null)
