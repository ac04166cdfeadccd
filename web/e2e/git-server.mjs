// A Git host on loopback for the tests: repositories in a temporary folder, served by Git's own `git http-backend`.
import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const AUTHOR = [
  '-c',
  'user.name=Grace Hopper',
  '-c',
  'user.email=grace@example.com',
  '-c',
  'init.defaultBranch=main',
]

export async function startGitServer() {
  const root = await mkdtemp(join(tmpdir(), 'aether-e2e-git-'))
  const server = createServer((request, response) => serve(root, request, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${server.address().port}`
  return {
    /** Makes a repository with one commit; `commit` adds another. */
    async repository(name, files) {
      const path = join(root, `${name}.git`)
      await run('git', [...AUTHOR, 'init', '--quiet', path])
      await run('git', ['-C', path, 'config', 'http.uploadpack', 'true'])
      const repository = {
        url: `${base}/${name}.git`,
        commit: (message, changes) => commit(path, message, changes),
        /** What a Git host offers of a pull request: a reference to its head, which no branch has. Returns the head. */
        pullRequest: async (number, message, changes) => {
          await run('git', ['-C', path, 'switch', '--quiet', '--detach'])
          await commit(path, message, changes)
          await run('git', ['-C', path, 'update-ref', `refs/pull/${number}/head`, 'HEAD'])
          const { stdout } = await run('git', ['-C', path, 'rev-parse', 'HEAD'])
          await run('git', ['-C', path, 'switch', '--quiet', 'main'])
          return stdout.trim()
        },
        /** Later commits go to this branch, which begins where the repository stands. */
        branch: (branch) => run('git', ['-C', path, 'switch', '--quiet', '--create', branch]),
      }
      await repository.commit('Begin', files)
      return repository
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function commit(path, message, files) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), text)
  }
  await run('git', ['-C', path, 'add', '--all'])
  await run('git', [...AUTHOR, '-C', path, 'commit', '--quiet', '-m', message])
}

/** The bridge to a CGI program (RFC 3875): headers first, then the body. */
function serve(root, request, response) {
  const { pathname, search } = new URL(request.url, 'http://git')
  // A repository with a work tree has its data in `.git`.
  const info = pathname.replace(/^(\/[^/]+\.git)\//, '$1/.git/')
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: info,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: request.headers['git-protocol'] ?? '',
    },
  })
  request.pipe(backend.stdin)
  const chunks = []
  backend.stdout.on('data', (chunk) => chunks.push(chunk))
  backend.on('close', () => {
    const answer = Buffer.concat(chunks)
    const end = answer.indexOf('\r\n\r\n')
    let status = 200
    for (const line of answer.subarray(0, end).toString().split('\r\n')) {
      const [name, value] = line.split(/:\s*/, 2)
      if (name === 'Status') status = Number.parseInt(value, 10)
      else if (name) response.setHeader(name, value)
    }
    response.writeHead(status).end(answer.subarray(end + 4))
  })
}
