// See README.md. Prints tables in Markdown for bench/RESULTS.md.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { residentMemory, startAether } from "./aether.mjs";
import { bareDeploy } from "./bare.mjs";
import { serveRepositories } from "./git-server.mjs";
import { waitForMarker } from "./http.mjs";
import { KINDS, makeRepository } from "./repositories.mjs";
import { swaps } from "./swaps.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const target = process.env.CARGO_TARGET_DIR ?? join(dirname(fileURLToPath(import.meta.url)), "../../target");
const binary = process.env.AETHER_BIN ?? join(target, "release/aether");
/** Allowed overhead of the first deploy, ms. */
const BARS = { static: 300, vite: 500, express: 1000 };

const root = mkdtempSync(join(tmpdir(), "bench-repositories-"));
const server = await serveRepositories(root);
const aether = await startAether(binary);
try {
  console.log(`machine: ${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}\n`);
  if (process.argv[2] === "swaps") await swaps({ aether, server, root, count: Number(process.env.SWAPS ?? 1000) });
  else await everything();
} finally {
  await aether.stop();
  server.close();
  rmSync(root, { recursive: true, force: true });
}

async function everything() {
  // The allocator gives back what signing in took only after a while.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const idle = residentMemory(aether.pid);
  console.log("| work | bare ms | aether ms | overhead ms | bar ms | second deploy ms | of bare |\n|---|---|---|---|---|---|---|");
  for (const kind of Object.keys(KINDS)) console.log(await measure(kind));
  console.log(`\nrollback, call to first answer of the old release: median ${await rollbacks()} ms (bar 100)`);
  console.log(`idle memory: aether up ${idle.own.toFixed(1)} MiB (bar 60), with Postgres and Redis ${idle.total.toFixed(1)} MiB`);
}

async function measure(kind) {
  const times = { bare: [], first: [], second: [] };
  for (let run = 0; run <= RUNS; run += 1) {
    const name = `${kind}${run}`;
    const repository = makeRepository(root, name, kind, `${name}-first`);
    const url = server.url + repository.path;
    const bare = await bareDeploy(kind, url, `${name}-first`);
    await aether.call("POST", "/projects", { repo_url: url, name });
    const first = await aether.deploy(name, `${name}-first`);
    repository.commit(`${name}-second`);
    const second = await aether.deploy(name, `${name}-second`);
    if (run === 0) continue; // warms both sides' caches
    times.bare.push(bare);
    times.first.push(first.elapsed);
    times.second.push(second.elapsed);
  }
  const [bare, first, second] = [times.bare, times.first, times.second].map(median);
  const overhead = median(times.first.map((time, index) => time - times.bare[index]));
  return `| ${kind} | ${ms(bare)} | ${ms(first)} | ${ms(overhead)} | ${BARS[kind]} | ${ms(second)} | ${(second / bare).toFixed(2)} |`;
}

async function rollbacks() {
  const times = [];
  for (const slug of ["static1", "express1"]) {
    const { items } = await aether.call("GET", `/projects/${slug}/deployments`);
    const [second, first] = items;
    for (let run = 0; run < RUNS; run += 1) {
      for (const [deployment, marker] of [[first, `${slug}-first`], [second, `${slug}-second`]]) {
        const started = performance.now();
        await aether.call("POST", `/projects/${slug}/rollback`, { deployment_id: deployment.id });
        await waitForMarker(aether.site, aether.host(slug), marker);
        times.push(performance.now() - started);
      }
    }
  }
  return ms(median(times));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function ms(value) {
  return value.toFixed(value < 100 ? 1 : 0);
}
