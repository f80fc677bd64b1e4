import type { ControlConclusion, ControlOutcome } from '../documents.generated.ts'
import type { Tone } from '../ui/tone.ts'

/** What came of testing an item. */
export const outcomeLooks = {
  PASSED: { word: 'Passed', tone: 'well' },
  FAILED: { word: 'Failed', tone: 'act' },
  NOT_TESTED: { word: 'Not tested', tone: 'idle' },
} as const satisfies Record<ControlOutcome, { word: string; tone: Tone }>

/** What a working paper comes to. */
export const conclusionLooks = {
  EFFECTIVE: { word: 'Effective', tone: 'well' },
  DEFICIENT: { word: 'Deficient', tone: 'watch' },
  MATERIAL_WEAKNESS: { word: 'Material weakness', tone: 'act' },
} as const satisfies Record<ControlConclusion, { word: string; tone: Tone }>
