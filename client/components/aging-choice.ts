/** How aging is cut: its edges and from which date days are counted, in the address and as people type it. */
import type { AgingBasis } from '../documents.generated.ts'

export const usualEdges: readonly number[] = [30, 60, 90]

/** Edges that people often want. */
export const edgePresets = [
  { label: '30 / 60 / 90', edges: usualEdges },
  { label: '15 / 30 / 45 / 60 / 90', edges: [15, 30, 45, 60, 90] },
  { label: '7 / 14 / 21 / 28', edges: [7, 14, 21, 28] },
  { label: 'To a year', edges: [30, 60, 90, 120, 180, 365] },
] as const

/** As the server has it. */
const edgesMax = 24
const edgeDaysMax = 36_500

export type Edges = { readonly edges: readonly number[] } | { readonly problem: string }

/** "30, 60, 90" as edges; what is wrong with it otherwise. */
export const parseEdges = (text: string, by: AgingBasis): Edges => {
  const words = text.split(/[\s,;/-]+/).filter((word) => word !== '')
  if (words.length === 0) return { problem: 'Write at least one number of days, such as 30.' }
  if (words.length > edgesMax) return { problem: `Write at most ${edgesMax} numbers.` }
  const lowest = by === 'DUE_DATE' ? 1 : 0
  const edges = words.map((word) => (/^\d{1,6}$/.test(word) ? Number(word) : Number.NaN))
  for (const [index, edge] of edges.entries()) {
    if (!(edge >= lowest && edge <= edgeDaysMax))
      return { problem: `“${words[index]}” is no whole number of days from ${lowest} to ${edgeDaysMax}.` }
    const before = edges[index - 1]
    if (before !== undefined && edge <= before)
      return { problem: `Each number must be larger than the one before, but ${edge} follows ${before}.` }
  }
  return { edges }
}

export const edgesText = (edges: readonly number[]): string => edges.join(', ')

export type AgingChoice = { readonly by: AgingBasis; readonly edges: readonly number[] }

/** What cannot be read is as if it were not there. */
export const parseAgingChoice = (search: URLSearchParams): AgingChoice => {
  const by = search.get('count') === 'invoice-date' ? 'INVOICE_DATE' : 'DUE_DATE'
  const found = parseEdges(search.get('edges') ?? '', by)
  return { by, edges: 'edges' in found ? found.edges : usualEdges }
}
