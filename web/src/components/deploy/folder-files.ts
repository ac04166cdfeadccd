// Which files of a chosen folder are sent. A browser does not read .gitignore, so what must never leave is left out by name.

export type FolderFile = { path: string; file: File }
export type Folder = {
  name: string
  files: FolderFile[]
  bytes: number
  /** Names of what stays here, each once. */
  leftOut: string[]
}

/** As `aether deploy --local` does. */
const NEVER = new Set(['.git', '.aether', 'node_modules', '.hg', '.svn', '.DS_Store'])
/** Secrets of this computer; an example is meant to be seen. */
const ENV_FILE = /^\.env(\..+)?$/
const ENV_EXAMPLE = /\.(example|sample|template)$/

export function folderOf(chosen: Iterable<File>): Folder {
  const folder: Folder = { name: '', files: [], bytes: 0, leftOut: [] }
  const leftOut = new Set<string>()
  for (const file of chosen) {
    const [name = '', ...parts] = file.webkitRelativePath.split('/')
    folder.name = name
    const hidden = parts.find(staysHere)
    if (hidden) leftOut.add(hidden)
    else {
      folder.files.push({ path: parts.join('/'), file })
      folder.bytes += file.size
    }
  }
  folder.leftOut = [...leftOut].sort()
  return folder
}

function staysHere(part: string): boolean {
  return NEVER.has(part) || (ENV_FILE.test(part) && !ENV_EXAMPLE.test(part))
}
