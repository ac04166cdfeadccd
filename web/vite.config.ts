// One configuration for the app, its mock backend and its tests.
// `vite`              proxies /api to a running Aether (AETHER_API, default http://127.0.0.1:3000)
// `vite --mode mock`  answers /api in the browser from src/mock-api (a service worker)
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { brotliCompressSync, constants } from 'node:zlib'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { firstPage } from './scripts/first-page.ts'

// The policy the API serves the dashboard with (crates/api/src/dashboard.rs): a page that breaks it must break here first.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'",
  "connect-src 'self'; manifest-src 'self'; frame-src http://*.aether.localhost:3005; frame-ancestors 'none'",
  "base-uri 'none'; form-action 'self'",
  // Only the mock backend has a worker; 'none' would refuse it.
  "worker-src 'self'",
].join('; ')

// What every page needs in a few files that load side by side, and what several pages share in few as well: left alone, the
// bundler makes twenty small ones of it, and a browser asks a server without HTTP/2 for six at a time.
const FILES = [
  { name: 'framework', test: /node_modules\//, tags: ['$initial' as const] },
  { name: 'parts', test: /\/src\/(?!main)/, tags: ['$initial' as const] },
  {
    name: 'shared',
    test: /\/src\/(ui\/(?!switch|toggle)|lib|hooks|components\/[^/]+$|pages\/project\/use-)|lucide-react/,
    minShareCount: 2,
    includeDependenciesRecursively: false,
  },
]

// The worker script comes from the package, so that no copy of it is committed or shipped.
function mockWorker(): Plugin {
  const path = createRequire(import.meta.url).resolve('msw/mockServiceWorker.js')
  return {
    name: 'mock-worker',
    configureServer(server) {
      server.middlewares.use('/mockServiceWorker.js', (_, response) => {
        response.setHeader('content-type', 'text/javascript')
        response.end(readFileSync(path))
      })
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'mockServiceWorker.js', source: readFileSync(path) })
    },
  }
}

// Scripts and styles beside themselves in Brotli, which the API sends to whoever takes it: a sixth smaller than what it could
// compress in passing, and no work at each request.
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (!/\.(js|css)$/.test(file.fileName)) continue
          const source = file.type === 'chunk' ? file.code : file.source
          this.emitFile({
            type: 'asset',
            fileName: `${file.fileName}.br`,
            source: brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
          })
        }
      },
    },
  }
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss(), ...(mode === 'mock' ? [mockWorker()] : [firstPage(), compressed()])],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  build: {
    outDir: mode === 'mock' ? 'node_modules/.cache/dist-mock' : 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // A data: address would be refused by the policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: FILES } } },
  },
  server: {
    port: 5173,
    proxy: { '/api': { target: process.env.AETHER_API ?? 'http://127.0.0.1:3000' } },
  },
  preview: { headers: { 'content-security-policy': CONTENT_SECURITY_POLICY } },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://aether.test/' } },
    setupFiles: ['src/mock-api/test-setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
}))
