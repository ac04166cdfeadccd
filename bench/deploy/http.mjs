// Small HTTP pieces on node:http, with a Host header of our own.
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** `fresh` asks over a connection of its own. */
export function send(url, { method = "GET", headers = {}, body, fresh = false } = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = text === undefined ? headers : { "content-type": "application/json", ...headers };
    const outgoing = request(url, { method, headers: all, agent: fresh ? false : agent }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode, text: Buffer.concat(chunks).toString() }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

/** Asks again without pause until the answer is 200 and holds the marker; gives up after `seconds`. */
export async function waitForMarker(url, headers, marker, seconds = 300) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await send(url, { headers }).catch(() => undefined);
    if (answer?.status === 200 && answer.text.includes(marker)) return;
    if (performance.now() > end) throw new Error(`${url} never answered with ${marker}: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
