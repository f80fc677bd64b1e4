import { ArrowLeft, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import type { NamedCustomer } from '../components/customer-field.tsx'
import { changedRow, nextRow, withoutRow } from '../components/draft-rows.ts'
import {
  ApplicationCustomerDocument,
  type CreditExperience,
  CreditScorecardDocument,
  type CreditReferenceKind,
  type Scorecard_ScorecardFragment,
  SubmitCreditApplicationDocument,
  type SubmitCreditApplicationInput,
} from '../documents.generated.ts'
import { experienceWords, referenceWords } from '../format/application-words.ts'
import { type Day, dayIn } from '../format/day.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, IconButton, SubmitButton } from '../ui/button.tsx'
import { Fieldset } from '../ui/check-field.tsx'
import { decimalInput, SelectField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { applicationPath, creditPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CustomerChoice } from './customer-choice.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Scorecard = Scorecard_ScorecardFragment

/** A reference as it is typed. */
type Reference = {
  readonly row: number
  readonly kind: CreditReferenceKind
  readonly name: string
  readonly contact: string
  readonly experience: CreditExperience | null
}

const referencesMax = 20

/** As many as the scorecard asks for, empty. */
const firstReferences = ({ bankReferencesMin, tradeReferencesMin }: Scorecard): readonly Reference[] =>
  Array.from({ length: bankReferencesMin + tradeReferencesMin }, (_, row) => ({
    row,
    kind: row < bankReferencesMin ? 'BANK' : 'TRADE',
    name: '',
    contact: '',
    experience: null,
  }))

/** The organization's own criteria: the others are told by what is asked for anyway. */
const ownCriteria = ({ criteria }: Scorecard) => criteria.filter(({ key }) => key === key.toLowerCase())

type ReferenceRowProps = {
  readonly reference: Reference
  readonly index: number
  readonly errorAt: (path: string) => string | null
  readonly onChange: (changes: Partial<Reference>) => void
  readonly onRemove: () => void
}

const ReferenceRow = ({ reference, index, errorAt, onChange, onRemove }: ReferenceRowProps) => {
  const { kind, name, contact, experience } = reference
  const at = (field: string) => errorAt(`references.${index}.${field}`)
  return (
    <Fieldset
      legend={`Reference ${index + 1}`}
      className="grid grid-cols-[minmax(0,1fr)] items-start gap-3 sm:grid-cols-2 lg:grid-cols-[9rem_minmax(0,1fr)_minmax(0,1fr)_11rem_auto]"
    >
      <SelectField
        label="Kind"
        value={kind}
        error={at('kind')}
        onChange={({ target }) => onChange({ kind: target.value as CreditReferenceKind })}
      >
        {Object.entries(referenceWords).map(([id, word]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Who"
        autoComplete="off"
        value={name}
        error={at('name')}
        onChange={({ target }) => onChange({ name: target.value })}
      />
      <TextField
        label="How to reach them"
        autoComplete="off"
        value={contact}
        error={at('contact')}
        onChange={({ target }) => onChange({ contact: target.value })}
      />
      <SelectField
        label="What they say"
        value={experience ?? ''}
        error={at('experience')}
        onChange={({ target }) =>
          onChange({ experience: target.value === '' ? null : (target.value as CreditExperience) })
        }
      >
        <option value="">Has not answered</option>
        {Object.entries(experienceWords).map(([id, { word }]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </SelectField>
      <IconButton
        label={`Remove reference ${index + 1}`}
        onClick={onRemove}
        className="max-lg:justify-self-end lg:mt-7.5"
      >
        <Trash2 aria-hidden="true" className="size-4" />
      </IconButton>
    </Fieldset>
  )
}

type ReferencesProps = {
  readonly scorecard: Scorecard
  readonly references: readonly Reference[]
  readonly errorAt: (path: string) => string | null
  readonly onChange: (references: readonly Reference[]) => void
}

const References = ({ scorecard, references, errorAt, onChange }: ReferencesProps) => {
  const add = () =>
    onChange([
      ...references,
      { row: nextRow(references), kind: 'TRADE', name: '', contact: '', experience: null },
    ])
  const { bankReferencesMin: banks, tradeReferencesMin: suppliers } = scorecard
  const whole = errorAt('references')
  // What is wrong with one of them is said there.
  const isOfOne = references.some((_, index) => errorAt(`references.${index}`) !== null)
  return (
    <Panel title="References">
      <div className="grid gap-4 px-4 pb-4 sm:px-5">
        <p className="max-w-prose text-pretty text-muted">
          The scorecard asks for at least {banks} {banks === 1 ? 'bank' : 'banks'} and {suppliers}{' '}
          {suppliers === 1 ? 'supplier' : 'suppliers'}.
        </p>
        {whole !== null && !isOfOne && (
          <p data-invalid tabIndex={-1} className="text-xs font-medium text-pretty text-act outline-none">
            {whole}
          </p>
        )}
        {references.map((reference, index) => (
          <ReferenceRow
            key={reference.row}
            reference={reference}
            index={index}
            errorAt={errorAt}
            onChange={(changes) => onChange(changedRow(references, reference.row, changes))}
            onRemove={() => onChange(withoutRow(references, reference.row))}
          />
        ))}
        {references.length < referencesMax && (
          <Button className="w-fit" onClick={add}>
            <Plus aria-hidden="true" className="size-4" />
            Add a reference
          </Button>
        )}
      </div>
    </Panel>
  )
}

const plainFields = [
  'customer',
  'legalName',
  'registrationNumber',
  'address',
  'contactName',
  'contactEmail',
  'foundedOn',
  'annualRevenue',
  'requestedLimit',
  'requestedTermsDays',
  'references',
  'figures',
]

type Typed = {
  readonly values: FormData
  readonly scorecard: Scorecard
  readonly references: readonly Reference[]
  readonly customer: NamedCustomer | null
}

/** As it is sent. What is not filled in is left out: the server says all that is missing, at once. */
const inputOf = ({ values, scorecard, references, customer }: Typed): SubmitCreditApplicationInput => {
  const text = (name: string): string | null => textOf(values, name) || null
  const currency = textOf(values, 'currency').toUpperCase()
  const money = (name: string) => {
    const amount = text(name)
    return amount === null ? null : { amount, currency }
  }
  const terms = text('requestedTermsDays')
  return {
    customer: customer && { id: customer.id },
    legalName: text('legalName'),
    registrationNumber: text('registrationNumber'),
    address: text('address'),
    contactName: text('contactName'),
    contactEmail: text('contactEmail'),
    foundedOn: text('foundedOn'),
    annualRevenue: money('annualRevenue'),
    requestedLimit: money('requestedLimit'),
    requestedTermsDays: terms === null ? null : Number(terms),
    references: references.map(({ row: _row, ...reference }) => reference),
    figures: ownCriteria(scorecard).flatMap(({ key }) => {
      const value = text(`figure.${key}`)
      return value === null ? [] : [{ key, value }]
    }),
  }
}

type FormProps = {
  readonly scorecard: Scorecard
  readonly first: NamedCustomer | null
  readonly today: Day
}

const ApplicationForm = ({ scorecard, first, today }: FormProps) => {
  const { membership, organization } = useViewing()
  const [, navigate] = useLocation()
  const tell = useToast()
  const send = useSend()
  const sending = useSending()
  const [customer, setCustomer] = useState(first)
  const [references, setReferences] = useState(() => firstReferences(scorecard))
  // Figures that are left out are not sent, so that their places are known only then.
  const [sentFigures, setSentFigures] = useState<readonly string[]>([])
  const at = (path: string) => messageAt(sending.problem, path)
  const submit = async (values: FormData) => {
    const input = inputOf({ values, scorecard, references, customer })
    setSentFigures(input.figures?.map(({ key }) => key) ?? [])
    const answer = await send(SubmitCreditApplicationDocument, input)
    if (isProblem(answer)) return answer
    tell('The application is entered.')
    if (answer.application) navigate(applicationPath(membership.slug, answer.application.id))
    return null
  }
  const field = (name: string, label: string, rest: object = {}) => (
    <TextField name={name} label={label} autoComplete="off" error={at(name)} {...rest} />
  )
  const own = ownCriteria(scorecard)
  return (
    <Form sending={sending} fields={plainFields} onSend={submit}>
      <Panel title="Who asks">
        <div className="grid gap-4 px-4 pb-5 sm:px-5">
          <CustomerChoice first={first} isRequired={false} error={at('customer')} onChoose={setCustomer} />
          <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 sm:grid-cols-2">
            {field('legalName', 'Registered name', { defaultValue: first?.name ?? '' })}
            {field('registrationNumber', 'Registration number')}
            {field('address', 'Address')}
            {field('foundedOn', 'Founded on', { type: 'date', max: today })}
            {field('contactName', 'Contact')}
            {field('contactEmail', 'E-mail of the contact', { inputMode: 'email' })}
          </div>
        </div>
      </Panel>
      <Panel title="What is asked for">
        <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 px-4 pb-5 sm:grid-cols-2 sm:px-5 lg:grid-cols-4">
          {field('requestedLimit', 'Limit', decimalInput)}
          {field('currency', 'Currency', {
            required: true,
            minLength: 3,
            maxLength: 3,
            defaultValue: organization?.baseCurrency ?? '',
            error: at('requestedLimit.currency') ?? at('annualRevenue.currency'),
          })}
          {field('requestedTermsDays', 'Terms, in days', { type: 'number', min: 0, max: 365 })}
          {field('annualRevenue', 'Sells in a year', decimalInput)}
          {own.map(({ key, name }) => (
            <TextField
              key={key}
              name={`figure.${key}`}
              label={`${name} (optional)`}
              {...decimalInput}
              error={at(`figures.${sentFigures.indexOf(key)}`)}
            />
          ))}
        </div>
      </Panel>
      <References scorecard={scorecard} references={references} errorAt={at} onChange={setReferences} />
      <div className="flex flex-wrap justify-end gap-2">
        <Link
          href={creditPath(membership.slug, 'applications')}
          className="inline-flex h-9 items-center rounded-md px-3.5 text-sm font-medium text-muted hover:bg-sunken hover:text-ink"
        >
          Cancel
        </Link>
        <SubmitButton isBusy={sending.isBusy}>Enter the application</SubmitButton>
      </div>
    </Form>
  )
}

/** The customer that the address names, before its form is shown; without one at once. */
const useNamedCustomer = (
  id: string | null,
): { readonly isKnown: boolean; readonly customer: NamedCustomer | null } => {
  const { data, error } = useKeptQuery(ApplicationCustomerDocument, { id: id ?? '' }, { pause: id === null })
  return { isKnown: id === null || data !== null || error !== null, customer: data?.customer ?? null }
}

/** Where an application for credit is entered; `?customer=` names who asks. */
export const NewApplicationPage = () => {
  const { membership, organization } = useViewing()
  const [parameters] = useSearchParams()
  const answer = useAnswer(CreditScorecardDocument, {})
  const { isKnown, customer } = useNamedCustomer(parameters.get('customer'))
  const today = dayIn(organization?.timeZone ?? 'UTC', useNow())
  return (
    <PageBody>
      <Link
        href={creditPath(membership.slug, 'applications')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All applications
      </Link>
      <PageHeading
        title="New application"
        place={membership.name}
        note="What it lacks is said field by field, and it is scored as soon as it is complete."
      />
      <Answered of={answer} title="The form could not be loaded" skeleton={<RowsSkeleton />}>
        {({ creditScorecard }) =>
          isKnown && organization ? (
            <ApplicationForm scorecard={creditScorecard} first={customer} today={today} />
          ) : (
            <RowsSkeleton />
          )
        }
      </Answered>
    </PageBody>
  )
}
