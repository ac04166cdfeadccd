// A TCP relay in front of Aether, whose connections a test can cut: going offline in the browser spares open ones.
import { connect, createServer } from 'node:net'

export async function startRelay(target) {
  const { hostname, port } = new URL(target)
  const sockets = new Set()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const upstream = connect({ host: hostname, port: Number(port || 80) })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    restore() {
      isCut = false
    },
    close() {
      this.cut()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
