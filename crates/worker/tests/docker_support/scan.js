// Tries every target of targets.txt, and prints what came of it, one line each: `tcp 10.0.0.1 22 ECONNREFUSED`.
const net = require('node:net');
const dgram = require('node:dgram');
const fs = require('node:fs');

const PATIENCE = 1500;
const AT_ONCE = 64;
// Where is example.com? Whatever a datagram reaches may answer; a name server will.
const QUESTION = Buffer.from('4d5201000001000000000000076578616d706c6503636f6d0000010001', 'hex');

// The gateway of the default route is the machine, as a container sees it.
function gateway() {
  const routes = fs.readFileSync('/proc/net/route', 'utf8').split('\n').map((line) => line.split('\t'));
  const route = routes.find((fields) => fields[1] === '00000000');
  return route ? [6, 4, 2, 0].map((at) => Number.parseInt(route[2].slice(at, at + 2), 16)).join('.') : '0.0.0.0';
}

function tcp(host, port) {
  return new Promise((done) => {
    const socket = net.connect({ host, port });
    const end = (what) => {
      socket.destroy();
      done(what);
    };
    socket.setTimeout(PATIENCE, () => end('silent'));
    socket.on('connect', () => end('ANSWERED'));
    socket.on('error', (error) => end(error.code));
  });
}

function udp(host, port) {
  return new Promise((done) => {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let ended = false;
    const end = (what) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      done(what);
    };
    const timer = setTimeout(() => end('silent'), PATIENCE);
    socket.on('message', () => end('ANSWERED'));
    socket.on('error', (error) => end(error.code));
    socket.connect(port, host, (error) => (error ? end(error.code) : socket.send(QUESTION)));
  });
}

const attempt = (protocol, host, port) => (protocol === 'tcp' ? tcp : udp)(host, Number(port));

// The scan finds what there is to find: both of these are in the container itself.
async function ownListeners() {
  const server = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  const echo = dgram.createSocket('udp4');
  echo.on('message', (text, from) => echo.send(text, from.port, from.address)).bind(0, '127.0.0.1');
  await Promise.all([server, echo].map((socket) => new Promise((done) => socket.once('listening', done))));
  console.log(`own tcp ${await tcp('127.0.0.1', server.address().port)}`);
  console.log(`own udp ${await udp('127.0.0.1', echo.address().port)}`);
  server.close();
  echo.close();
}

async function main() {
  const lines = fs.readFileSync(`${__dirname}/targets.txt`, 'utf8').trim().split('\n');
  const waiting = lines.map((line) => line.split(' '));
  const here = gateway();
  const scan = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) {
      const [protocol, host, port] = target;
      const found = await attempt(protocol, host === 'gateway' ? here : host, port);
      console.log(`${protocol} ${host} ${port} ${found}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, scan));
  await ownListeners();
  const interfaces = Object.values(require('node:os').networkInterfaces()).flat();
  console.log(`addresses ${interfaces.map((face) => face.address).join(' ')}`);
  console.log('scan done');
}

main();
