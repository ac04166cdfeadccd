// Reading a pasted `.env` file: the common ground of dotenv, docker compose and shells.

export type EnvEntry = { name: string; value: string }

export type EnvFile = {
  entries: EnvEntry[]
  /** Line numbers (from 1) that could not be read. */
  faults: number[]
}

const NAME = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*/

export function parseDotenv(text: string): EnvFile {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const found = new Map<string, string>()
  const faults: number[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trim()
    if (line === '' || line.startsWith('#')) continue
    const match = NAME.exec(line)
    if (!match?.[1]) {
      faults.push(at + 1)
      continue
    }
    const [value, used] = readValue(line.slice(match[0].length), lines, at)
    if (value === null) faults.push(at + 1)
    else found.set(match[1], value)
    at += used
  }
  return { entries: [...found].map(([name, value]) => ({ name, value })), faults }
}

/** The value that begins with `start`, and how many further lines it takes. */
function readValue(start: string, lines: string[], at: number): [string | null, number] {
  const quote = start[0]
  if (quote !== '"' && quote !== "'" && quote !== '`') return [start.replace(/\s+#.*$/, '').trim(), 0]
  let text = start.slice(1)
  for (let used = 0; ; used += 1) {
    const end = closingQuote(text, quote)
    if (end >= 0) {
      const inside = text.slice(0, end)
      return [quote === '"' ? readEscapes(inside) : inside, used]
    }
    const next = lines[at + used + 1]
    if (next === undefined) return [null, 0]
    text += `\n${next}`
  }
}

function closingQuote(text: string, quote: string): number {
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\' && quote === '"') i += 1
    else if (text[i] === quote) return i
  }
  return -1
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

function readEscapes(text: string): string {
  return text.replace(
    /\\(.)/gs,
    (_, char: string) => ESCAPES[char] ?? (/["\\$`]/.test(char) ? char : `\\${char}`),
  )
}
