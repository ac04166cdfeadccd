// A DNS server on loopback that knows the records a test tells it, over UDP.
import { createSocket } from 'node:dgram'
import dnsPacket from 'dns-packet'

const NAME_ERROR = 3

export async function startDnsServer(port) {
  const records = []
  const socket = createSocket('udp4')
  socket.on('message', (message, { address, port }) => {
    const { id, questions } = dnsPacket.decode(message)
    const asked = (record) => questions.find(({ name }) => name.toLowerCase() === record.name.toLowerCase())
    const known = records.filter(asked)
    // A resolver compares the name with the one it has asked for, letter by letter.
    const answers = known
      .filter((record) => record.type === asked(record).type)
      .map((record) => ({ ...record, name: asked(record).name }))
    const flags =
      dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | (known.length > 0 ? 0 : NAME_ERROR)
    socket.send(dnsPacket.encode({ type: 'response', id, flags, questions, answers }), port, address)
  })
  await new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, '127.0.0.1', resolve)
  })
  return {
    add: (type, name, data) => records.push({ type, name, data, ttl: 1 }),
    close: () => new Promise((resolve) => socket.close(resolve)),
  }
}
