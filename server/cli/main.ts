/** `pnpm tidemark`: see program.ts, whose NOUNS lists the commands. */
import '../boot.ts'

await import('./program.ts')
