import { useState } from 'react'

/** What is wished for, and what the server says would become of it. */
export type Tried<Wish, Trial> = { readonly wish: Wish; readonly trial: Trial }

/** The two steps of a dialog that first asks the server what would change: `before` is the wish that one came back from. */
export const useTrial = <Wish, Trial>() => {
  const [tried, setTried] = useState<Tried<Wish, Trial> | null>(null)
  const [before, setBefore] = useState<Wish | null>(null)
  const onBack = () => {
    setBefore(tried?.wish ?? null)
    setTried(null)
  }
  return { tried, before, onTried: setTried, onBack }
}
