/**
 * `pnpm test` draws the same books, documents and bytes every time, so that a red run tells of the change and not of
 * luck; `pnpm faults` draws others every time, and prints the seed of what it finds.
 */
import * as fc from 'fast-check'
import { full } from './scale.ts'

const SEED = 20261122

fc.configureGlobal(full({}, { seed: SEED }))
