import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** The main process of a running PostgreSQL, as its `postmaster.pid` tells. */
export type Postmaster = {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'ready' | 'stopping'
}

/** The postmaster that runs on this cluster, or null. */
export const readPostmaster = async (cluster: string): Promise<Postmaster | null> => {
  const text = await readFile(lockFile(cluster), 'utf8').catch(() => '')
  // Lines: process, folder, start time, port, socket folder, address, shared memory, status. Written bit by bit.
  const [pidText = '', folder = '', , portText = '', , , , statusText = ''] = text.split('\n')
  const pid = Number(pidText)
  if (!(pid > 0 && (await isPostmaster(pid, folder)))) return null
  const status = statusText.trim()
  return {
    pid,
    port: Number(portText),
    status: status === 'ready' || status === 'stopping' ? status : 'starting',
  }
}

/**
 * Removes what a postmaster that was killed left behind; call it only when `readPostmaster` found none. PostgreSQL
 * itself would refuse to start if another program had got the same process number since, as happens in containers.
 */
export const removeStaleLock = (cluster: string): Promise<void> => rm(lockFile(cluster), { force: true })

const lockFile = (cluster: string) => join(cluster, 'postmaster.pid')

/** Whether the process lives, is no zombie, and is the one that opened this folder. */
const isPostmaster = async (pid: number, folder: string): Promise<boolean> => {
  const commandLine = await readCommandLine(pid)
  return commandLine.includes('postgres') && commandLine.includes(folder)
}

const readCommandLine = async (pid: number): Promise<string> => {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8')
    return (await execute('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout
  } catch {
    return ''
  }
}
