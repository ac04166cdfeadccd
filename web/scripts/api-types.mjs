// Generates src/api/schema.gen.ts from ../openapi.json; with --check only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const SPEC = new URL('../../openapi.json', import.meta.url)
const TARGET = new URL('../src/api/schema.gen.ts', import.meta.url)

const description = JSON.parse(readFileSync(SPEC, 'utf8'))
const types = await openapiTS(description, { defaultNonNullable: false })
const text = `// Made from openapi.json by \`npm run api\`. Do not edit.\n\n${astToString(types)}`

if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, text)
} else if (text !== readFileSync(TARGET, 'utf8')) {
  console.error('src/api/schema.gen.ts is stale: run `npm run api`')
  process.exit(1)
}
