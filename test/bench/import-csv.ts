/** A large, realistic CSV for the `generic` mapping: the same bytes for the same number of rows. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { formatDay, parseDay } from '@tidemark/server/domain/day.ts'

const CUSTOMERS_PER_INVOICE = 1 / 50
const FIRST_DAY = parseDay('2024-01-01') ?? 0
const LAST_DAY = parseDay('2025-12-31') ?? 0
const DAYS = LAST_DAY - FIRST_DAY + 1

const header =
  'customer_number,customer_name,invoice_number,issued_on,due_on,amount,currency,settled_on,disputed,business_unit,region,channel'

/** Two business units, five regions, two channels and three currencies: 60 segments. 20,000 customers per million. */
export async function writeInvoices(path: string, rows: number): Promise<void> {
  const random = mulberry32(42)
  const customers = Array.from(
    { length: Math.max(10, Math.round(rows * CUSTOMERS_PER_INVOICE)) },
    (_, index) => ({
      start: `C${String(index + 1).padStart(6, '0')},"Customer ${index + 1}, Inc."`,
      terms: pick(random, [14, 30, 30, 45, 60]),
      currency: pick(random, ['USD', 'USD', 'EUR', 'GBP']),
      dimensions: `${pick(random, ['Parts', 'Service'])},${pick(random, ['North', 'South', 'East', 'West', 'Overseas'])},${pick(random, ['Direct', 'Partner'])}`,
      /** Days after the due date on which this customer usually pays. */
      lateness: Math.round(random() ** 3 * 60) - 8,
    }),
  )
  const file = createWriteStream(path)
  let text = `${header}\n`
  for (let row = 0; row < rows; row++) {
    const customer = pick(random, customers)
    const issuedOn = FIRST_DAY + Math.floor((row / rows) * DAYS)
    const dueOn = issuedOn + customer.terms
    const settledOn = Math.max(issuedOn, dueOn + customer.lateness + Math.floor(random() * 15))
    const isSettled = settledOn <= LAST_DAY && random() > 0.02
    const amount = (Math.exp(4 + 3 * random()) + random()).toFixed(2)
    text += `${customer.start},INV-${String(row + 1).padStart(8, '0')},${formatDay(issuedOn)},${formatDay(dueOn)},${amount},${customer.currency},${isSettled ? formatDay(settledOn) : ''},${random() < 0.05 ? 'yes' : 'no'},${customer.dimensions}\n`
    if (text.length > 1_000_000) {
      if (!file.write(text)) await once(file, 'drain')
      text = ''
    }
  }
  file.end(text)
  await once(file, 'finish')
}

function pick<T>(random: () => number, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)]
  if (choice === undefined) throw new Error('Nothing to choose from')
  return choice
}

/** A small random number generator, seeded so that every run reads the same file. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
