/** What a browser says of itself, as "Firefox on Linux"; order matters, since most claim to be others too. */
const browsers = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\bHeadlessChrome\//, 'Headless Chrome'],
  [/\b(Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
  [/\bcurl\//, 'curl'],
] as const

const systems = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
] as const

const find = (agent: string, names: readonly (readonly [RegExp, string])[]): string | null =>
  names.find(([pattern]) => pattern.test(agent))?.[1] ?? null

/** A program that is no known browser keeps its own name, as far as it is short. */
export const agentWords = (agent: string | null): string => {
  if (agent === null || agent.trim() === '') return 'Unknown program'
  const browser = find(agent, browsers)
  const system = find(agent, systems)
  if (browser === null) return agent.length > 48 ? `${agent.slice(0, 47)}…` : agent
  return system === null ? browser : `${browser} on ${system}`
}
