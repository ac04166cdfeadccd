// Repositories that build without the network: a build script of Node's own means, and nothing to install.

export function site(text) {
  return {
    'package.json': JSON.stringify({ name: 'site', version: '1.0.0', scripts: { build: 'node build.mjs' } }),
    'build.mjs': [
      "import { mkdirSync, writeFileSync } from 'node:fs'",
      "mkdirSync('dist', { recursive: true })",
      `const text = ${JSON.stringify(text)} + (process.env.GREETING ? ' ' + process.env.GREETING : '')`,
      "writeFileSync('dist/index.html', `<!doctype html><title>site</title><body>${text}</body>`)",
      "console.log('\\u001b[32mbuilt\\u001b[39m', text)",
    ].join('\n'),
  }
}

/** Prints numbered lines for some seconds, so that a connection can be lost in between. */
export function slowSite(lines) {
  return {
    ...site('slow'),
    'build.mjs': [
      "import { mkdirSync, writeFileSync } from 'node:fs'",
      `for (let i = 1; i <= ${lines}; i += 1) {`,
      '  console.log(`tick ${i}`)',
      '  await new Promise((resolve) => setTimeout(resolve, 60))',
      '}',
      "mkdirSync('dist', { recursive: true })",
      "writeFileSync('dist/index.html', '<!doctype html><title>slow</title><body>slow</body>')",
    ].join('\n'),
  }
}

export function brokenSite() {
  return {
    ...site('broken'),
    'build.mjs': "console.error('cannot find ./prices')\nprocess.exit(3)\n",
  }
}
