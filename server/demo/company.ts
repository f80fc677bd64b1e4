/** Tarrow Bay Packaging: an invented company, its collectors and its customers. Any likeness is chance. */
import { seededRandom, type Random } from './random.ts'

export const demoCompany = {
  slug: 'demo',
  name: 'Tarrow Bay Packaging',
  baseCurrency: 'USD',
  timeZone: 'America/New_York',
} as const

export type Region = 'North America' | 'EMEA' | 'APAC'

/** How a customer pays. PROMPT pays in the last payment run before the due date, the others in the first after it. */
export type PayerKind = 'PROMPT' | 'RELAXED' | 'SLOW' | 'POOR'

export type DemoCustomer = {
  readonly number: string
  readonly name: string
  readonly region: Region
  readonly currency: 'USD' | 'EUR' | 'GBP'
  readonly businessUnit: string
  readonly channel: string
  readonly productLines: readonly string[]
  /** The name of the person who looks after it. */
  readonly collector: string
  readonly termsDays: number
  /** Its share of the company's sales; all add up to 1. */
  readonly share: number
  readonly payer: PayerKind
  /** Days after the due date on average, and how much that varies. */
  readonly lateDays: number
  readonly lateDeviation: number
  /** How many days later it pays today than it did half a year ago; below 0 it got better. */
  readonly trendDays: number
  /** 1 is Monday: the day of its weekly payment run. */
  readonly runWeekday: number
  /** Since half a year it pays nothing at all. */
  readonly insolvent: boolean
}

export const demoPeople = [
  { name: 'Ingrid Solberg', role: 'Head of credit' },
  { name: 'Marcus Adeyemi', role: 'Controller' },
  { name: 'Maya Okafor', role: 'Collector, North America' },
  { name: 'Daniel Ortega', role: 'Collector, North America' },
  { name: 'Hannah Weiss', role: 'Collector, EMEA' },
  { name: 'Tomas Lindqvist', role: 'Collector, EMEA' },
  { name: 'Priya Raman', role: 'Collector, APAC' },
] as const

/** Ids by name. */
export type People = ReadonlyMap<string, string>

export type PersonName = (typeof demoPeople)[number]['name']

const CUSTOMERS = 204
const SEED = 20_417

export function demoCustomers(): DemoCustomer[] {
  const random = seededRandom(SEED)
  const names = new Set<string>()
  const drafts = Array.from({ length: CUSTOMERS }, (_, index) => {
    const market = weighted(random, markets)
    // A few large accounts and a long tail, as in every book.
    const size = Math.exp(random.normal(0, 0.85))
    return { customer: inventCustomer(random, market, index, uniqueName(random, market, names)), size }
  })
  const total = drafts.reduce((sum, { size }) => sum + size, 0)
  return drafts.map(({ customer, size }) => ({ ...customer, share: size / total }))
}

type Market = {
  readonly weight: number
  readonly region: Region
  readonly currency: DemoCustomer['currency']
  readonly collectors: readonly PersonName[]
  readonly terms: readonly number[]
  readonly names: readonly string[]
  readonly trades: readonly string[]
  readonly forms: readonly string[]
}

const listed = (names: string): string[] => names.trim().split(/,\s+/)

const markets: readonly Market[] = [
  {
    weight: 56,
    region: 'North America',
    currency: 'USD',
    collectors: ['Maya Okafor', 'Daniel Ortega'],
    terms: [30, 30, 30, 30, 30, 15, 45],
    names: listed(`
      Alder Creek, Bluestem, Cedar Notch, Copperline, Dunmoor, Eastlake Row, Fairhollow,
      Granite Spur, Harrow Mill, Ironwood, Juniper Flat, Kettle Run, Larkfield, Millbend,
      Northgate, Orchard Lane, Pinecross, Quarry Hill, Redfern, Silverbirch, Stonebrook,
      Tidewell, Umber Hollow, Vandermeer, Westhaven, Yarrow`),
    trades: [
      'Foods',
      'Beverages',
      'Pharma',
      'Logistics',
      'Home Goods',
      'Dairy',
      'Cosmetics',
      'Brewing',
      'Nutrition',
    ],
    forms: ['Inc.', 'LLC', 'Co.', 'Corp.'],
  },
  {
    weight: 21,
    region: 'EMEA',
    currency: 'EUR',
    collectors: ['Hannah Weiss'],
    terms: [30, 30, 30, 30, 45],
    names: listed(`
      Adlerhof, Brennholt, Castellucci, Delvaux, Eikenberg, Fontclaire, Gruberhaus, Haverkamp,
      Isolani, Kellerbach, Montclar, Nordhagen, Oranjehof, Pellegrino Vero, Rosengart,
      Silvestrin, Tessières, Waldmoor`),
    trades: ['Lebensmittel', 'Getränke', 'Pharma', 'Alimentari', 'Cosmétique', 'Logistiek', 'Distribution'],
    forms: ['GmbH', 'AG', 'B.V.', 'S.r.l.', 'SARL'],
  },
  {
    weight: 12,
    region: 'EMEA',
    currency: 'GBP',
    collectors: ['Tomas Lindqvist'],
    terms: [30, 30, 30, 14],
    names: listed(`
      Ashcombe, Bramfield, Crosthwaite, Dunstan Moor, Ellerby, Fenholm, Glastow, Hartwick,
      Inverlay, Kilburn & Rye, Ludgrove, Marlow Vale, Nettlefield, Oakhanger`),
    trades: ['Foods', 'Brewery', 'Pharmacy', 'Supplies', 'Bakeries', 'Homeware', 'Distillers'],
    forms: ['Ltd', 'plc', 'LLP'],
  },
  {
    weight: 11,
    region: 'APAC',
    currency: 'USD',
    collectors: ['Priya Raman'],
    terms: [30, 30, 45],
    names: listed(`
      Banyan Gate, Coral Strait, Dragonfly Bay, Eastern Lotus, Golden Wattle, Harbour Nine,
      Jade Ferry, Lantern Hill, Monsoon Grove, Pearl Delta, Red Gum, Southern Quay`),
    trades: ['Trading', 'Foods', 'Health', 'Electronics', 'Provisions'],
    forms: ['Pte Ltd', 'Pty Ltd', 'Co., Ltd'],
  },
]

const businessUnits = [
  { weight: 45, name: 'Corrugated', productLines: ['Boxes', 'Displays'] },
  { weight: 33, name: 'Flexibles', productLines: ['Films', 'Pouches'] },
  { weight: 22, name: 'Labels', productLines: ['Labels', 'Sleeves'] },
] as const

const channels = [
  { weight: 62, name: 'Direct' },
  { weight: 26, name: 'Distributor' },
  { weight: 12, name: 'Online' },
] as const

const payers: readonly {
  readonly weight: number
  readonly kind: PayerKind
  readonly late: readonly [mean: number, deviation: number]
  readonly spread: number
}[] = [
  { weight: 72, kind: 'PROMPT', late: [-2.8, 1.2], spread: 2 },
  { weight: 16, kind: 'RELAXED', late: [1, 2.5], spread: 5 },
  { weight: 8, kind: 'SLOW', late: [15, 5], spread: 9 },
  { weight: 4, kind: 'POOR', late: [38, 9], spread: 22 },
]

function inventCustomer(
  random: Random,
  market: Market,
  index: number,
  name: string,
): Omit<DemoCustomer, 'share'> {
  const unit = weighted(random, businessUnits)
  const payer = weighted(random, payers)
  return {
    number: `C-${10_001 + index * 7}`,
    name,
    region: market.region,
    currency: market.currency,
    businessUnit: unit.name,
    channel: weighted(random, channels).name,
    productLines: unit.productLines,
    collector: random.pick(market.collectors),
    termsDays: random.pick(market.terms),
    payer: payer.kind,
    lateDays: random.normal(...payer.late),
    lateDeviation: payer.spread,
    trendDays: trend(index),
    runWeekday: random.whole(2, 5),
    insolvent: index === 131,
  }
}

/** A few customers get worse, a few get better; the others stay as they are. */
function trend(index: number): number {
  if (index % 29 === 11) return 16
  if (index % 23 === 5) return -9
  return 0
}

function uniqueName(random: Random, { names, trades, forms }: Market, taken: Set<string>): string {
  for (;;) {
    const words = `${random.pick(names)} ${random.pick(trades)}`
    if (taken.has(words)) continue
    taken.add(words)
    return `${words} ${random.pick(forms)}`
  }
}

function weighted<Choice extends { readonly weight: number }>(
  random: Random,
  choices: readonly Choice[],
): Choice {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.fraction() * total
  for (const choice of choices) {
    left -= choice.weight
    if (left < 0) return choice
  }
  throw new Error('There is nothing to choose from')
}
