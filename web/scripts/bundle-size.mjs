// Holds the first page to its budget: everything that index.html makes a browser load before it can show the sign-in or the
// projects, compressed.
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET = 200 * 1024
const DIST = new URL('../dist/', import.meta.url)

const page = readFileSync(new URL('index.html', DIST), 'utf8')
const files = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1])
let total = 0
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, DIST))).length
  total += size
  console.log(`${(size / 1024).toFixed(1).padStart(7)} KB  ${file}`)
}
console.log(`${(total / 1024).toFixed(1).padStart(7)} KB  first page, of ${BUDGET / 1024} KB`)
if (files.length === 0 || total > BUDGET || existsSync(new URL('mockServiceWorker.js', DIST))) {
  console.error('the first page is over its budget, or the mock backend is part of the build')
  process.exit(1)
}
