/** What an application says, as it is read, kept and scored. */
import { readPositive } from '../../amount.ts'
import { dateOf, dayOf, isPlausible, type Day } from '../../domain/day.ts'
import { formatMinor, isCurrency, parseMinor, type Money } from '../../domain/money.ts'
import {
  isCriterionKey,
  isFigure,
  type ApplicationFacts,
  type Experience,
  type Score,
} from '../../domain/scorecard.ts'
import { isProblem } from '../../problem.ts'
import { NAME_LENGTH_MAX, readText, SENTENCE_LENGTH_MAX } from '../../text.ts'
import type { SubmitCreditApplicationInput } from '../../schema.generated.ts'

/** Plain data. */
export type StoredFacts = {
  readonly legalName: string
  readonly registrationNumber: string
  readonly address: string
  readonly contactName: string
  readonly contactEmail: string
  readonly foundedOn: string
  /** Major units of the currency that is asked for. */
  readonly annualRevenue: string
  readonly references: readonly StoredReference[]
  readonly figures: readonly { readonly key: string; readonly value: string }[]
}

type StoredReference = {
  readonly kind: 'BANK' | 'TRADE'
  readonly name: string
  readonly contact: string
  readonly experience: Experience | null
}

/** Plain data: the limit in major units. */
export type StoredScore = Omit<Score, 'proposedLimit'> & { readonly proposedLimit: string }

export const storeScore = (score: Score, currency: string): StoredScore => ({
  ...score,
  proposedLimit: formatMinor({ minor: score.proposedLimit, currency }),
})

export type ApplicationRead = {
  readonly facts: StoredFacts
  readonly requested: Money
  readonly requestedTermsDays: number
}

export type ApplicationFault = { readonly path: readonly string[]; readonly message: string }

export const TERMS_DAYS_MAX = 365
const REFERENCES_MAX = 20
const FIGURES_MAX = 50

type Minimum = { readonly bankReferencesMin: number; readonly tradeReferencesMin: number }

/** The application, or all that is missing or wrong with it. */
export function readApplication(
  input: SubmitCreditApplicationInput,
  minimum: Minimum,
  today: Day,
): ApplicationRead | readonly ApplicationFault[] {
  const faults: ApplicationFault[] = []
  const reject = (path: readonly string[], message: string): void => void faults.push({ path, message })
  const text = (
    value: string | null | undefined,
    path: readonly string[],
    lengthMax = NAME_LENGTH_MAX,
  ): string => {
    const read = readText(value, path, lengthMax)
    if ('code' in read) reject(path, read.message)
    else if (read.text === null) reject(path, 'It is missing')
    return 'code' in read ? '' : (read.text ?? '')
  }
  const money = readMoney(input, reject)
  const facts: StoredFacts = {
    legalName: text(input.legalName, ['legalName']),
    registrationNumber: text(input.registrationNumber, ['registrationNumber']),
    address: text(input.address, ['address'], SENTENCE_LENGTH_MAX),
    contactName: text(input.contactName, ['contactName']),
    contactEmail: text(input.contactEmail, ['contactEmail']),
    foundedOn: readFounded(input.foundedOn, today, reject),
    annualRevenue: money.annualRevenue,
    references: (input.references ?? []).slice(0, REFERENCES_MAX).map((one, index) => ({
      kind: one.kind,
      name: text(one.name, ['references', String(index), 'name']),
      contact: text(one.contact, ['references', String(index), 'contact']),
      experience: one.experience ?? null,
    })),
    figures: readFigures(input, reject),
  }
  if (facts.contactEmail !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(facts.contactEmail))
    reject(['contactEmail'], `"${facts.contactEmail}" is no e-mail address`)
  checkReferences(input, minimum, reject)
  const requestedTermsDays = readTerms(input.requestedTermsDays, reject)
  return faults.length > 0 || money.requested === null
    ? faults
    : { facts, requested: money.requested, requestedTermsDays }
}

type Reject = (path: readonly string[], message: string) => void

function readMoney(
  { requestedLimit, annualRevenue }: SubmitCreditApplicationInput,
  reject: Reject,
): { readonly requested: Money | null; readonly annualRevenue: string } {
  if (!annualRevenue) reject(['annualRevenue'], 'It is missing')
  if (!requestedLimit) {
    reject(['requestedLimit'], 'It is missing')
    return { requested: null, annualRevenue: '' }
  }
  const { amount, currency } = requestedLimit
  if (!isCurrency(currency)) {
    reject(['requestedLimit', 'currency'], `${currency} is no ISO 4217 currency code`)
    return { requested: null, annualRevenue: '' }
  }
  const minor = readPositive(amount, currency, ['requestedLimit', 'amount'])
  if (isProblem(minor)) reject(minor.path, minor.message)
  const requested = typeof minor === 'bigint' ? { minor, currency } : null
  if (!annualRevenue) return { requested, annualRevenue: '' }
  if (annualRevenue.currency !== currency) {
    const told = `It is in ${annualRevenue.currency}, and the limit that is asked for in ${currency}`
    reject(['annualRevenue', 'currency'], told)
    return { requested, annualRevenue: '' }
  }
  const revenue = parseMinor(annualRevenue.amount, currency)
  if (revenue === null || revenue < 0n)
    reject(['annualRevenue', 'amount'], `${annualRevenue.amount} is no amount of ${currency} from 0 on`)
  return { requested, annualRevenue: formatMinor({ minor: revenue ?? 0n, currency }) }
}

function readFounded(foundedOn: Temporal.PlainDate | null | undefined, today: Day, reject: Reject): string {
  if (!foundedOn) {
    reject(['foundedOn'], 'It is missing')
    return ''
  }
  if (!isPlausible(foundedOn))
    reject(['foundedOn'], `${foundedOn.toString()} does not lie between 1900 and today`)
  else if (Temporal.PlainDate.compare(foundedOn, dateOf(today)) > 0)
    reject(['foundedOn'], `${foundedOn.toString()} lies after today`)
  return foundedOn.toString()
}

function readFigures({ figures }: SubmitCreditApplicationInput, reject: Reject): StoredFacts['figures'] {
  const given = figures ?? []
  if (given.length > FIGURES_MAX)
    reject(['figures'], `At most ${FIGURES_MAX} figures are kept, not ${given.length}`)
  for (const [index, { key, value }] of given.entries()) {
    const path = ['figures', String(index)]
    if (!isCriterionKey(key) || key !== key.toLowerCase())
      reject([...path, 'key'], `"${key}" is no key of small letters such as equity_ratio`)
    if (given.findIndex((one) => one.key === key) < index) reject([...path, 'key'], `${key} is there already`)
    if (!isFigure(value))
      reject([...path, 'value'], `${value} is no decimal with at most 12 digits before and 6 after its point`)
  }
  return given.slice(0, FIGURES_MAX).map(({ key, value }) => ({ key, value }))
}

function checkReferences(
  { references }: SubmitCreditApplicationInput,
  { bankReferencesMin, tradeReferencesMin }: Minimum,
  reject: Reject,
): void {
  const given = references ?? []
  if (given.length > REFERENCES_MAX)
    reject(['references'], `At most ${REFERENCES_MAX} references are kept, not ${given.length}`)
  const count = (wanted: 'BANK' | 'TRADE') => given.filter(({ kind }) => kind === wanted).length
  if (count('BANK') < bankReferencesMin)
    reject(['references'], `It names ${count('BANK')} of at least ${bankReferencesMin} banks (BANK)`)
  if (count('TRADE') < tradeReferencesMin)
    reject(['references'], `It names ${count('TRADE')} of at least ${tradeReferencesMin} suppliers (TRADE)`)
}

function readTerms(days: number | null | undefined, reject: Reject): number {
  if (days == null) reject(['requestedTermsDays'], 'It is missing')
  else if (days < 0 || days > TERMS_DAYS_MAX)
    reject(['requestedTermsDays'], `${days} does not lie between 0 and ${TERMS_DAYS_MAX} days`)
  return days ?? 0
}

type Kept = {
  readonly facts: StoredFacts
  readonly requested: bigint
  readonly currency: string
  readonly requestedTermsDays: number
}

/** As the scorecard takes it, on the day. */
export function factsToScore(
  { facts, requested, currency, requestedTermsDays }: Kept,
  today: Day,
): ApplicationFacts {
  const founded = Temporal.PlainDate.from(facts.foundedOn)
  return {
    requested,
    requestedTermsDays,
    annualRevenue: parseMinor(facts.annualRevenue, currency) ?? 0n,
    yearsInBusiness: founded.until(dateOf(Math.max(today, dayOf(founded))), { largestUnit: 'years' }).years,
    references: facts.references,
    figures: new Map(facts.figures.map(({ key, value }) => [key, value])),
  }
}
