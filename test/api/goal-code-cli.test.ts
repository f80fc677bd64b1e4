/** `pnpm tidemark goals`: a file of goals and rules at the command line, as operators and their pipelines use it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDesk } from '../support/goals.ts'
import { startProcess } from '../support/process.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

let server: TestServer
let folder: string
beforeAll(async () => {
  server = await startTestServer()
  folder = await mkdtemp(join(tmpdir(), 'tidemark-goals-'))
}, 60_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const deadline = Temporal.Now.plainDateISO('UTC').add({ days: 300 }).toString()
const DOCUMENT = `version: 1
goals:
  - {key: few-open, name: Few open, metric: OPEN_INVOICE_COUNT, baseline: 100, target: 40, deadline: ${deadline}}
rules:
  - key: off-track
    name: Off track
    goal: few-open
    condition: {statusIn: [OFF_TRACK]}
`

it('plans, applies and exports goals and rules', { timeout: 120_000 }, async () => {
  const { organization } = await openDesk(server, '')
  const goals = (verb: string, file: string, ...more: string[]) =>
    startProcess(
      'server/cli/main.ts',
      ['goals', verb, join(folder, file), '--organization', organization.slug, ...more],
      { DATABASE_URL: server.databaseUrl },
    ).ended
  await writeFile(join(folder, 'goals.yaml'), DOCUMENT)
  const plan = await goals('plan', 'goals.yaml')
  expect(plan).toMatchObject({ code: 0, stderr: '' })
  expect(plan.stdout).toContain('+ few-open: Few open\n')
  expect(plan.stdout).toContain('+ rule off-track: Off track\n    goal: (nothing) -> few-open\n')
  expect(plan.stdout).toContain('Nothing was written. Applying it: 2 made, 0 changed, 0 given up, 0 deleted.')
  expect((await goals('apply', 'goals.yaml')).stdout).toContain('Done: 2 made')
  expect((await goals('export', 'exported.yaml')).code).toBe(0)
  expect(await readFile(join(folder, 'exported.yaml'), 'utf8')).toContain('  - key: off-track\n')
  const again = await goals('plan', 'exported.yaml', '--prune')
  expect(again.stdout).toBe('No changes: goals and rules are as the file says.\n')

  await writeFile(join(folder, 'fewer.yaml'), 'version: 1\nrules: []\n')
  const kept = await goals('plan', 'fewer.yaml')
  expect(kept.stdout).toContain('  rule off-track is not in the file; --prune deletes it\n')
  expect((await goals('plan', 'fewer.yaml', '--prune')).stdout).toContain('- rule off-track: Off track\n')
  await writeFile(join(folder, 'wrong.yaml'), DOCUMENT.replace('OFF_TRACK', 'LATE'))
  const wrong = await goals('apply', 'wrong.yaml')
  expect(wrong).toMatchObject({ code: 1, stdout: '' })
  expect(wrong.stderr).toMatch(/wrong\.yaml: Line 8, column 28: /)
})
