// See README.md. Prints a table in Markdown for bench/RESULTS.md.
import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startAether } from "../deploy/aether.mjs";

const RATE = Number(process.env.RATE ?? 500);
const SECONDS = Number(process.env.SECONDS ?? 20);
const PROJECTS = Number(process.env.PROJECTS ?? 50);
const COPIES = 50;
/** Processes that keep a core busy meanwhile, as builds do. */
const BUSY = Number(process.env.BUSY ?? 0);
const target = process.env.CARGO_TARGET_DIR ?? join(dirname(fileURLToPath(import.meta.url)), "../../target");
const binary = process.env.AETHER_BIN ?? join(target, "release/aether");
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const aether = await startAether(binary);
const others = Array.from({ length: BUSY }, () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
try {
  console.log(`machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}\n`);
  const hooks = [];
  for (let n = 0; n < PROJECTS; n += 1) {
    const project = await aether.call("POST", "/projects", { repo_url: `http://127.0.0.1:9/load/site-${n}`, name: `load-${n}` });
    hooks.push({ slug: project.slug, ...project.webhook });
  }
  await load(hooks);
  await copies(hooks[0]);
} finally {
  for (const other of others) other.kill("SIGKILL");
  agent.destroy();
  await aether.stop();
}

async function load(hooks) {
  const total = RATE * SECONDS;
  const latencies = [];
  const failures = new Map();
  const accepted = new Set();
  const started = performance.now();
  const sends = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * RATE) + 1);
    for (; sent < due; sent += 1) {
      const id = randomUUID();
      const scheduled = started + (sent * 1000) / RATE;
      sends.push(
        deliver(hooks[sent % hooks.length], id).then(
          (status) => {
            latencies.push(performance.now() - scheduled);
            if (status === 202) accepted.add(id);
            else failures.set(status, (failures.get(status) ?? 0) + 1);
          },
          (error) => failures.set(error.code, (failures.get(error.code) ?? 0) + 1),
        ),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(sends);
  const elapsed = (performance.now() - started) / 1000;
  const kept = new Set();
  for (const hook of hooks) for (const delivery of await everything(`/projects/${hook.slug}/webhook-deliveries`)) kept.add(delivery.delivery_id);
  const lost = [...accepted].filter((id) => !kept.has(id)).length;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))].toFixed(1);
  console.log("| deliveries | asked rate/s | seconds | accepted | lost | other answers | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|---|---|---|---|");
  console.log(`| ${total} | ${RATE} | ${elapsed.toFixed(1)} | ${accepted.size} | ${lost} | ${[...failures].map(([code, count]) => `${code}: ${count}`).join(", ") || "none"} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
}

async function copies(hook) {
  const before = (await everything(`/projects/${hook.slug}/deployments`)).length;
  const id = randomUUID();
  const statuses = await Promise.all(Array.from({ length: COPIES }, () => deliver(hook, id)));
  const made = (await everything(`/projects/${hook.slug}/deployments`)).length - before;
  console.log(`\n${COPIES} copies of one delivery at once: ${made} deployment, answers ${[...new Set(statuses)].sort().join(" and ")}`);
}

function deliver(hook, id) {
  const commit = id.replaceAll("-", "").padEnd(40, "0");
  const body = JSON.stringify({ ref: "refs/heads/main", after: commit, head_commit: { id: commit, message: "Change" } });
  const signature = createHmac("sha256", hook.secret).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-github-event": "push",
    "x-github-delivery": id,
    "x-hub-signature-256": `sha256=${signature}`,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(hookUrl(hook), { method: "POST", headers, agent }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function hookUrl(hook) {
  // The public address may differ from the one the benchmark listens on.
  return `${aether.api}${new URL(hook.url).pathname}`;
}

async function everything(path) {
  const items = [];
  for (let cursor = ""; ; ) {
    const page = await aether.call("GET", `${path}?limit=100${cursor && `&cursor=${cursor}`}`);
    items.push(...page.items);
    if (!page.next_cursor) return items;
    cursor = page.next_cursor;
  }
}
