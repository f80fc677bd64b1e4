/** Hands the browser a file of its own, to be kept where the person keeps such. */
export const saveFile = (name: string, text: string, type: 'text/html' | 'text/csv'): void => {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  URL.revokeObjectURL(address)
}
