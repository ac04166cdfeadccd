// The bare commands a person would type, on the same repository.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitForMarker } from "./http.mjs";

/** Runs a command to its end without blocking this process, which serves the repositories. */
async function run(cwd, command, ...args) {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
}

/** Milliseconds from nothing to a site (or a first answer) by bare commands in a fresh folder. */
export async function bareDeploy(kind, url, marker) {
  const folder = mkdtempSync(join(tmpdir(), "bench-bare-"));
  const started = performance.now();
  const tree = join(folder, "tree");
  await run(folder, "git", "clone", "-q", "--depth", "1", url, tree);
  if (kind === "vite") {
    await run(tree, "npm", "ci", "--no-audit", "--no-fund");
    await run(tree, "npm", "run", "build");
  }
  if (kind === "express") await run(tree, "npm", "ci", "--no-audit", "--no-fund");
  let elapsed;
  if (kind === "express") {
    const port = await freePort();
    const app = spawn("npm", ["start"], {
      cwd: tree,
      env: { ...process.env, PORT: String(port), HOST: "127.0.0.1" },
      stdio: "ignore",
      detached: true,
    });
    await waitForMarker(`http://127.0.0.1:${port}/`, {}, marker);
    elapsed = performance.now() - started;
    process.kill(-app.pid, "SIGKILL");
  } else {
    cpSync(kind === "vite" ? join(tree, "dist") : tree, join(folder, "www"), { recursive: true });
    elapsed = performance.now() - started;
  }
  rmSync(folder, { recursive: true, force: true });
  return elapsed;
}

/** A port that is free now. */
export async function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
