/** Which passwords are refused when they are chosen. Length counts, and no mixture is asked for (NIST SP 800-63B). */

export const PASSWORD_LENGTH_MIN = 12
export const PASSWORD_LENGTH_MAX = 256
const DIGITS_ALONE_MIN = 20
/** Of an e-mail's or a name's parts only these are looked for. */
const OWN_LENGTH_MIN = 3
const BESIDE_OWN_MIN = 6

/** What most long passwords that people reuse are made of: nothing but these, in a row, with digits and signs around. */
const COMMON = `
  password passwort passw0rd p@ssword p@ssw0rd kennwort motdepasse contraseña secret geheim mypassword thisisapassword
  qwerty qwertz azerty qwertyuiop qwertzuiop asdfghjkl zxcvbnm asdf zxcv qazwsx qazwsxedc abc abcd abcdef abcdefgh
  iloveyou welcome willkommen letmein admin administrator root user login guest test demo default changeme company
  monkey dragon sunshine princess football baseball superman batman master shadow michael hello hallo trustno
  correcthorsebatterystaple tidemark my is the one two three spring summer autumn fall winter
  january february march april may june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday`
  .trim()
  .split(/\s+/)
const NOTHING_BUT_COMMON = new RegExp(`^(?:${COMMON.join('|')})+$`)

/** What one movement over the keyboard writes. */
const MOVEMENTS = [
  '1q2w3e4r5t6z7u8i9o0p',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb',
  'q1w2e3r4t5y6u7i8o9p0',
]

/** Why this password may not be chosen, as a sentence for the person; null where it may. */
export const weaknessOf = (
  password: string,
  { email, name = '' }: { readonly email: string; readonly name?: string },
): string | null => {
  if (password.length < PASSWORD_LENGTH_MIN) {
    return `A password has at least ${PASSWORD_LENGTH_MIN} characters.`
  }
  if (password.length > PASSWORD_LENGTH_MAX)
    return `A password has at most ${PASSWORD_LENGTH_MAX} characters.`
  const plain = password.normalize('NFKC').toLowerCase()
  const own = [email, ...email.split(/[@.+_-]/), ...name.split(/\s+/)].map((text) => text.toLowerCase())
  if (own.some((text) => isLittleMoreThan(plain, text))) {
    return 'This password is little more than your e-mail or name. Choose another, such as four random words.'
  }
  return isCommon(plain)
    ? 'This password is among the first that are guessed. Choose another, such as four random words.'
    : null
}

const isLittleMoreThan = (plain: string, own: string): boolean =>
  own.length >= OWN_LENGTH_MIN &&
  plain.includes(own) &&
  lettersOf(plain.replaceAll(own, '')).length < BESIDE_OWN_MIN

const isCommon = (plain: string): boolean =>
  (/^\d+$/.test(plain) && plain.length < DIGITS_ALONE_MIN) ||
  // The same few characters again and again, the last time perhaps cut short.
  /^(.{1,6}?)\1+.{0,5}$/su.test(plain) ||
  MOVEMENTS.some((keys) => keys.startsWith(plain)) ||
  NOTHING_BUT_COMMON.test(lettersOf(plain))

/** Without digits and signs, but for those that stand for a letter: `passw0rd-2024!` is `passw0rd`. */
const lettersOf = (text: string): string =>
  text.replaceAll(/[^\p{L}@]+/gu, (signs) => (signs === '0' ? signs : ''))
