/**
 * Writes what the fault tests of a full run have told into the report, file by file as they end, and prints it: each line
 * is of the last time that its test ran, and a run of all of them drops what no test tells any more.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import type { ToldFault } from './tell.ts'

type Row = ToldFault & { readonly took: string; readonly promise: string; readonly ran: string }

export const createFaultReport = (folder: string, isFull: boolean): Reporter => {
  const path = join(folder, 'REPORT.md')
  const ran = `${new Date().toISOString().slice(0, 16).replace('T', ' ')}, ${commit()}`
  const write = (rows: readonly Row[], kept: readonly Row[]) =>
    writeFileSync(path, reportOf([...kept.filter((row) => !rows.some((one) => isSame(one, row))), ...rows]))
  const written = () => (existsSync(path) ? readRows(readFileSync(path, 'utf8')) : [])
  return {
    onTestModuleEnd(module) {
      const rows = isFull ? rowsOf(module, ran) : []
      if (rows.length > 0) write(rows, written())
    },
    onTestRunEnd(modules) {
      const rows = isFull ? modules.flatMap((module) => rowsOf(module, ran)) : []
      if (rows.length === 0) return
      if (isOfAll(folder, modules)) write(rows, [])
      process.stdout.write(`\n${readFileSync(path, 'utf8')}`)
    },
  }
}

const isSame = (a: Row, b: Row): boolean => a.fault === b.fault && a.did === b.did

const RESULTS: Readonly<Record<string, string>> = { passed: 'kept', skipped: 'not to be had here' }

const rowsOf = (module: TestModule, ran: string): Row[] =>
  [...module.children.allTests()].flatMap((test: TestCase) => {
    const { fault: told } = test.meta()
    if (told === undefined) return []
    const { state, errors } = test.result()
    const wrong = errors?.[0]?.message.split('\n')[0] ?? 'no reason given'
    const took = `${Math.round((test.diagnostic()?.duration ?? 0) / 1_000)} s`
    const { fault, did, counted } = told
    return [
      {
        fault,
        did: cell(did),
        counted: cell(counted),
        took,
        promise: RESULTS[state] ?? `**broken**: ${cell(wrong)}`,
        ran,
      },
    ]
  })

/** Whether each file of the folder has run. */
const isOfAll = (folder: string, modules: readonly TestModule[]): boolean => {
  const ran = new Set(
    modules.filter(({ moduleId }) => dirname(moduleId) === folder).map(({ moduleId }) => basename(moduleId)),
  )
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .every((name) => ran.has(name))
}

const readRows = (text: string): Row[] =>
  text.split('\n').flatMap((line) => {
    const [, fault = '', did = '', counted = '', took = '', promise = '', ran = ''] = line
      .split('|')
      .map((part) => part.trim())
    return /^F\d+$/.test(fault) ? [{ fault, did, counted, took, promise, ran }] : []
  })

const byFault = (a: Row, b: Row): number => Number(a.fault.slice(1)) - Number(b.fault.slice(1))

const reportOf = (rows: readonly Row[]): string => {
  const kept = rows.filter(({ promise }) => promise === 'kept').length
  const lines = rows
    .toSorted(byFault)
    .map(({ fault, did, counted, took, promise, ran }) => [fault, did, counted, took, promise, ran])
    .map((cells) => `| ${cells.join(' | ')} |`)
  return [
    '# Faults: the last full runs',
    '',
    'Written by `pnpm faults`. After each fault the oracle (`test/support/oracle.ts`) compares what every subscriber saw',
    'with what was recorded, and what every client was answered with the books.',
    '',
    `${kept} of ${rows.length} kept, on ${machine()}.`,
    '',
    '| fault | what was done | counted | took | promise | began (UTC), commit |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '/').replaceAll('\n', ' ')

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'no commit'
  }
}

const machine = (): string =>
  `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release().split('-')[0]}, Node ${process.version}`
