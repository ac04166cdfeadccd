// What containers cost: the time an app needs to its first answer, and a whole deployment of a Node app with warm caches,
// each against the same by hand.
//
//   node bench/docker/run.mjs [ROUNDS]        needs an engine, and the programs of the workspace (cargo build --examples)
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startAether } from "../deploy/aether.mjs";
import { serveRepositories } from "../deploy/git-server.mjs";
import { waitForMarker } from "../deploy/http.mjs";
import { makeRepository } from "../deploy/repositories.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), process.env.PROFILE ?? "debug");
const rounds = Number(process.argv[2] ?? 15);
const image = "node:22-bookworm-slim";
const authority = "/etc/ssl/certs/ca-certificates.crt";

// Not synchronous: this process is also the Git server.
const run = async (program, ...args) => (await promisify(execFile)(program, args)).stdout.trim();
const docker = (...args) => run("docker", ...args);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const milliseconds = (number) => number.toFixed(0);

/** Milliseconds to the first answer, bare and by the runtime. */
function startTimes() {
  const lines = execFileSync(join(target, "examples/container_start"), [String(rounds)], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.split(" ").map(Number));
  return { bare: pairs.map(([bare]) => bare), ours: pairs.map(([, ours]) => ours) };
}

/**
 * The commands a person would type: clone, install in a container with a warm cache, start a container. `kept` is a folder
 * with the packages of the release before, taken along when the lockfile is the same, in place of another install.
 */
async function bareDeploy(url, marker, cache, kept) {
  const folder = mkdtempSync("/var/tmp/bench-docker-bare-");
  const tree = join(folder, "tree");
  const common = ["-v", `${tree}:/workspace`, "-v", `${cache}:/root/.npm`, "-v", `${authority}:${authority}:ro`, "-e", `NODE_EXTRA_CA_CERTS=${authority}`, "-w", "/workspace"];
  const started = performance.now();
  await run("git", "clone", "-q", "--depth", "1", url, tree);
  if (kept && existsSync(kept)) await run("cp", "-a", kept, join(tree, "node_modules"));
  else await docker("run", "--rm", "--init", ...common, image, "npm", "ci", "--no-audit", "--no-fund", "--silent");
  const id = await docker("run", "-d", "--init", ...common, "-e", "PORT=8080", "-e", "HOST=0.0.0.0", image, "npm", "start");
  const address = await docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", id);
  await waitForMarker(`http://${address}:8080/`, {}, marker);
  const elapsed = performance.now() - started;
  await docker("rm", "-f", id);
  if (kept && !existsSync(kept)) await run("cp", "-a", join(tree, "node_modules"), kept);
  rmSync(folder, { recursive: true, force: true });
  return elapsed;
}

/** Rounds of both kinds, each by hand and by Aether: source changed only, and source and lockfile changed. */
async function deployTimes() {
  const folder = mkdtempSync("/var/tmp/bench-docker-");
  const secrets = mkdtempSync("/dev/shm/bench-docker-");
  const git = await serveRepositories(folder);
  const owner = `bench${process.pid}`;
  const settings = {
    AETHER_RUNTIME: "docker",
    AETHER_DOCKER_OWNER: owner,
    AETHER_DOCKER_SECRETS_DIR: secrets,
    AETHER_WARM_SECONDS: "0",
    AETHER_LOG: "warn",
    AETHER_BUILD_ENV_PASSTHROUGH: "NODE_EXTRA_CA_CERTS",
    AETHER_BUILD_MOUNTS: `${authority}:${authority}`,
    NODE_EXTRA_CA_CERTS: authority,
  };
  const aether = await startAether(join(target, "aether"), settings);
  const [cache, kept] = [join(folder, "npm-cache"), join(folder, "kept-node_modules")];
  mkdirSync(cache);
  const times = { source: { bare: [], ours: [] }, lockfile: { bare: [], ours: [] } };
  try {
    const repository = makeRepository(folder, "express", "express", "round-first");
    const url = `${git.url}/express.git`;
    await aether.call("POST", "/projects", { repo_url: url, name: "express" });
    await aether.deploy("express", "round-first");
    await bareDeploy(url, "round-first", cache, kept);
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of ["source", "lockfile"]) {
        const marker = `${kind}-${round}-${process.pid}`;
        repository.commit(marker, kind === "lockfile" ? `1.0.${round}` : undefined);
        times[kind].bare.push(await bareDeploy(url, marker, cache, kind === "source" ? kept : undefined));
        times[kind].ours.push((await aether.deploy("express", marker)).elapsed);
      }
    }
    await aether.call("DELETE", "/projects/express");
  } finally {
    await aether.stop();
    git.close();
    for (const path of [folder, secrets]) rmSync(path, { recursive: true, force: true });
  }
  return times;
}

const row = (what, { bare, ours }, bar) => {
  const [one, other] = [median(bare), median(ours)];
  return `| ${what} | ${milliseconds(one)} | ${milliseconds(other)} | ${milliseconds(other - one)} | ${bar} |`;
};

const starts = startTimes();
const deploys = await deployTimes();
const rows = [
  row("app to its first answer", starts, 150),
  row("deployment of a Node app, warm caches, source changed: no install on either side", deploys.source, 1000),
  row("deployment of a Node app, warm caches, lockfile changed: `npm ci` on both sides", deploys.lockfile, 1000),
];
console.log(`${cpus().length} x ${cpus()[0].model}, Linux ${release()}, ${await docker("version", "--format", "Docker {{.Server.Version}}")}, ${rounds} rounds, medians in ms.\n`);
console.log("| work | by hand | by Aether | difference | bar |\n| --- | --- | --- | --- | --- |");
for (const line of rows) console.log(line);
