/**
 * A real Chromium without a download: it comes inside the npm package @sparticuz/chromium (Linux x64) and is unpacked
 * once per version. Elsewhere CHROMIUM_PATH names one; without either the browser tests are skipped, aloud.
 */
import { execFile, execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createBrotliDecompress } from 'node:zlib'
import { chromium, type Browser } from 'playwright-core'

export type BrowserBinary = {
  readonly path: string
  /** For machines that lack Chromium's system libraries; null where they are there. */
  readonly libraries: string | null
}

/** Unpacks the browser if need be; null where there is none for this machine. Called once, by the global set-up. */
export async function prepareBrowser(): Promise<BrowserBinary | null> {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined) return { path: named, libraries: null }
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const packed = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..')
  const manifest = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `tidemark-chromium-${manifest.version}`)
  if (!existsSync(folder)) await unpack(join(packed, 'bin'), folder)
  const path = join(folder, 'chromium')
  return { path, libraries: runs(path) ? null : join(folder, 'lib') }
}

/** Only `--no-sandbox` is added: the package's own flags switch web security off, and then tests of it prove nothing. */
export const launchBrowser = ({ path, libraries }: BrowserBinary): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    args: ['--no-sandbox'],
    ...(libraries === null ? {} : { env: { ...process.env, LD_LIBRARY_PATH: libraries } }),
  })

/** Into a folder beside it first, so that a run that was stopped in the middle leaves no half browser. */
async function unpack(packed: string, folder: string): Promise<void> {
  const unfinished = await mkdtemp(`${folder}-`)
  const binary = join(unfinished, 'chromium')
  await decompress(join(packed, 'chromium.br'), binary)
  await chmod(binary, 0o755)
  const archive = join(unfinished, 'libraries.tar')
  await decompress(join(packed, 'al2023.tar.br'), archive)
  await mkdir(join(unfinished, 'lib'))
  await promisify(execFile)('tar', ['-xf', archive, '-C', unfinished])
  await rm(archive)
  try {
    await rename(unfinished, folder)
  } catch (error) {
    // Another run was faster: its browser is as good.
    await rm(unfinished, { recursive: true })
    if (!existsSync(folder)) throw error
  }
}

const decompress = (from: string, to: string) =>
  pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to))

function runs(path: string): boolean {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false
  }
}
