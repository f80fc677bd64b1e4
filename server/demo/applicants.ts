/** The applications that the demo tells of, as they were written. Any likeness is chance. */
import type { Experience } from '../domain/scorecard.ts'

type Reference = {
  readonly kind: 'BANK' | 'TRADE'
  readonly name: string
  readonly contact: string
  readonly experience: Experience | null
}

type Outcome = {
  readonly ago: number
  readonly reasons: readonly [string, ...string[]]
} & (
  | { readonly kind: 'APPROVED' | 'APPROVED_IN_PART'; readonly granted: string }
  | { readonly kind: 'DECLINED' | 'WITHDRAWN'; readonly granted?: never }
)

export type PlannedApplication = {
  /** A customer without a limit that pays well or badly, or somebody who is no customer yet. */
  readonly from: 'GOOD' | 'POOR' | 'PROSPECT'
  /** Days before today on which it came. */
  readonly ago: number
  readonly said: {
    /** A customer's is its own. */
    readonly legalName: string
    readonly registrationNumber: string
    readonly address: string
    readonly contactName: string
    readonly contactEmail: string
    readonly foundedYears: number
    readonly annualRevenue: string
    readonly requested: string
    readonly requestedTermsDays: number
    readonly references: readonly Reference[]
  }
  /** Null where it waits. */
  readonly outcome: Outcome | null
}

const bank = (name: string, experience: Experience | null): Reference => ({
  kind: 'BANK',
  name,
  contact: 'Corporate desk, by letter',
  experience,
})

const trade = (name: string, experience: Experience | null): Reference => ({
  kind: 'TRADE',
  name,
  contact: 'Accounts receivable, by telephone',
  experience,
})

/** The earliest first. */
export const plannedApplications: readonly PlannedApplication[] = [
  {
    from: 'GOOD',
    ago: 117,
    said: {
      legalName: '',
      registrationNumber: '5521-8840',
      address: '1180 Quarry Road, Allentown, PA 18103',
      contactName: 'Renee Castillo',
      contactEmail: 'renee.castillo@customer.example',
      foundedYears: 27,
      annualRevenue: '3200000',
      requested: '15000',
      requestedTermsDays: 30,
      references: [
        bank('Lehigh Merchants Bank', 'POSITIVE'),
        trade('Calder Glassworks', 'POSITIVE'),
        trade('Ostrom Labels', 'POSITIVE'),
      ],
    },
    outcome: {
      kind: 'APPROVED',
      ago: 111,
      granted: '15000',
      reasons: ['Has paid on time without a limit for two years', 'References of suppliers are good'],
    },
  },
  {
    from: 'PROSPECT',
    ago: 88,
    said: {
      legalName: 'Finch & Harbour Catering LLC',
      registrationNumber: '7719-0034',
      address: '42 Wharf Street, Portland, ME 04101',
      contactName: 'Dale Whitcombe',
      contactEmail: 'dale@finchharbour.example',
      foundedYears: 0,
      annualRevenue: '480000',
      requested: '60000',
      requestedTermsDays: 45,
      references: [
        bank('Casco Savings', null),
        trade('Northport Linen', 'NEGATIVE'),
        trade('Bayside Produce', null),
      ],
    },
    outcome: {
      kind: 'DECLINED',
      ago: 87,
      reasons: [
        'In business for less than a year',
        'Asks for an eighth of what it sells in a year',
        'A supplier is not paid as agreed',
      ],
    },
  },
  {
    from: 'GOOD',
    ago: 61,
    said: {
      legalName: '',
      registrationNumber: '5530-1207',
      address: '9 Depot Lane, Erie, PA 16501',
      contactName: 'Howard Lintz',
      contactEmail: 'h.lintz@customer.example',
      foundedYears: 7,
      annualRevenue: '400000',
      requested: '25000',
      requestedTermsDays: 30,
      references: [
        bank('Presque Isle Trust', 'POSITIVE'),
        trade('Calder Glassworks', 'POSITIVE'),
        trade('Wexley Pallets', 'MIXED'),
      ],
    },
    outcome: {
      kind: 'APPROVED_IN_PART',
      ago: 52,
      granted: '12500',
      reasons: ['Half of what was asked for, until a year’s accounts are there'],
    },
  },
  {
    from: 'GOOD',
    ago: 33,
    said: {
      legalName: '',
      registrationNumber: '5544-6611',
      address: '300 Canal Row, Rochester, NY 14604',
      contactName: 'Imani Brooks',
      contactEmail: 'imani.brooks@customer.example',
      foundedYears: 16,
      annualRevenue: '5100000',
      requested: '20000',
      requestedTermsDays: 30,
      references: [
        bank('Flower City Bank', null),
        trade('Ostrom Labels', 'POSITIVE'),
        trade('Tillery Freight', 'POSITIVE'),
      ],
    },
    outcome: {
      kind: 'APPROVED',
      ago: 30,
      granted: '20000',
      reasons: ['Buys every month and pays by direct debit', 'Small beside what it sells'],
    },
  },
  {
    from: 'POOR',
    ago: 24,
    said: {
      legalName: '',
      registrationNumber: 'AP-20 118',
      address: '17 Foundry Close, Dandenong VIC 3175',
      contactName: 'Kim Ansell',
      contactEmail: 'accounts@customer.example',
      foundedYears: 11,
      annualRevenue: '2100000',
      requested: '40000',
      requestedTermsDays: 30,
      references: [
        bank('Yarra Commercial', 'MIXED'),
        trade('Bellweather Inks', 'NEGATIVE'),
        trade('Southern Cartons', 'MIXED'),
      ],
    },
    outcome: {
      kind: 'DECLINED',
      ago: 21,
      reasons: [
        'Pays us weeks after the due date without a limit already',
        'Its suppliers tell the same',
        'Prepayment until three months were paid on time',
      ],
    },
  },
  {
    from: 'PROSPECT',
    ago: 17,
    said: {
      legalName: 'Juniper & Rye Distillers Inc.',
      registrationNumber: '6602-7715',
      address: '88 Still House Road, Lexington, KY 40508',
      contactName: 'Carla Nyquist',
      contactEmail: 'carla@juniperrye.example',
      foundedYears: 5,
      annualRevenue: '1900000',
      requested: '45000',
      requestedTermsDays: 30,
      references: [
        bank('Bluegrass National', 'POSITIVE'),
        trade('Calder Glassworks', 'POSITIVE'),
        trade('Corkline', 'POSITIVE'),
      ],
    },
    outcome: { kind: 'WITHDRAWN', ago: 15, reasons: ['They pay in advance after all, for the discount'] },
  },
  {
    from: 'GOOD',
    ago: 6,
    said: {
      legalName: '',
      registrationNumber: '5561-3390',
      address: '2204 Lakeview Avenue, Toledo, OH 43604',
      contactName: 'Peter Salas',
      contactEmail: 'peter.salas@customer.example',
      foundedYears: 12,
      annualRevenue: '2750000',
      requested: '18000',
      requestedTermsDays: 30,
      references: [
        bank('Maumee River Bank', 'POSITIVE'),
        trade('Tillery Freight', 'POSITIVE'),
        trade('Wexley Pallets', 'POSITIVE'),
      ],
    },
    outcome: null,
  },
  {
    from: 'PROSPECT',
    ago: 3,
    said: {
      legalName: 'Saltmarsh Kitchen Supply Inc.',
      registrationNumber: '8120-4456',
      address: '15 Causeway Park, Charleston, SC 29403',
      contactName: 'Odette Ferris',
      contactEmail: 'odette.ferris@saltmarsh.example',
      foundedYears: 4,
      annualRevenue: '1350000',
      requested: '90000',
      requestedTermsDays: 45,
      references: [
        bank('Ashley River Bank', 'POSITIVE'),
        trade('Ostrom Labels', 'POSITIVE'),
        trade('Bellweather Inks', 'MIXED'),
      ],
    },
    outcome: null,
  },
]
