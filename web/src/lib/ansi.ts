// ANSI colours of a log line as plain spans. The result is text and class names, never markup: a log line is untrusted.
//
// Select Graphic Rendition (ECMA-48 section 8.3.117) is understood; every other escape sequence and control character is
// dropped.

export type Span = { text: string; classes: string; colour?: string | undefined }

type Style = {
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
  fg: string | undefined
  rgb: string | undefined
}

const PLAIN: Style = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  fg: undefined,
  rgb: undefined,
}

// CSI, OSC (to BEL or ST), two-character escapes, then other control characters but tab.
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is about control characters.
  /\u001b\[([0-9;:<=>?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b.?|[\u0000-\u0008\u000b-\u001f\u007f]/g
// Colour steps of the 6x6x6 cube of xterm's 256 colours.
const CUBE = [0, 95, 135, 175, 215, 255]

export function stripAnsi(text: string): string {
  return text.replace(SEQUENCE, '')
}

export function parseAnsi(text: string): Span[] {
  const spans: Span[] = []
  let style = PLAIN
  let from = 0
  const push = (until: number) => {
    if (until > from)
      spans.push({ text: text.slice(from, until), classes: classesOf(style), colour: style.rgb })
  }
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index)
    from = match.index + match[0].length
    if (match[2] === 'm') style = select(style, match[1] ?? '')
  }
  push(text.length)
  return spans
}

function select(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number)
  let style = before
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0
    if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes.slice(at + 1))
      if (code === 38 && colour) style = { ...style, ...colour }
      at += used
    } else {
      style = apply(style, code)
    }
  }
  return style
}

function apply(style: Style, code: number): Style {
  if (code === 0) return PLAIN
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 3) return { ...style, italic: true }
  if (code === 4) return { ...style, underline: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 23) return { ...style, italic: false }
  if (code === 24) return { ...style, underline: false }
  if (code === 39) return { ...style, fg: undefined, rgb: undefined }
  if (code >= 30 && code <= 37) return { ...style, fg: `ansi-${code - 30}`, rgb: undefined }
  if (code >= 90 && code <= 97) return { ...style, fg: `ansi-${code - 82}`, rgb: undefined }
  return style
}

/** The colour after 38 or 48, and how many parameters it took. */
function extendedColour(rest: number[]): [Pick<Style, 'fg' | 'rgb'> | undefined, number] {
  if (rest[0] === 2) {
    const [r, g, b] = rest.slice(1, 4).map((part) => Math.min(255, Math.max(0, Math.trunc(part) || 0)))
    return [{ fg: undefined, rgb: `rgb(${r ?? 0} ${g ?? 0} ${b ?? 0})` }, 4]
  }
  if (rest[0] === 5) return [indexedColour(rest[1] ?? 0), 2]
  return [undefined, 0]
}

function indexedColour(index: number): Pick<Style, 'fg' | 'rgb'> {
  if (index < 16) return { fg: `ansi-${Math.max(0, Math.trunc(index) || 0)}`, rgb: undefined }
  if (index >= 232) {
    const grey = 8 + 10 * (Math.min(index, 255) - 232)
    return { fg: undefined, rgb: `rgb(${grey} ${grey} ${grey})` }
  }
  const cube = index - 16
  const [r, g, b] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => CUBE[step] ?? 0)
  return { fg: undefined, rgb: `rgb(${r} ${g} ${b})` }
}

function classesOf(style: Style): string {
  const classes: string[] = []
  if (style.fg) classes.push(style.fg)
  if (style.bold) classes.push('font-semibold')
  if (style.dim) classes.push('text-ink-3')
  if (style.italic) classes.push('italic')
  if (style.underline) classes.push('underline')
  return classes.join(' ')
}
