// Redeploys and rollbacks of an Express app under load from a second process; counts failed requests.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { makeRepository } from "./repositories.mjs";

export async function swaps({ aether, server, root, count }) {
  const repository = makeRepository(root, "swaps", "express", "swaps-0");
  await aether.call("POST", "/projects", { repo_url: server.url + repository.path, name: "swaps" });
  const releases = [(await aether.deploy("swaps", "swaps-0")).id];
  repository.commit("swaps-1");
  releases.push((await aether.deploy("swaps", "swaps-1")).id);
  const load = fork(fileURLToPath(new URL("./load.mjs", import.meta.url)), [aether.site, aether.host("swaps").host]);
  const started = performance.now();
  // Mostly rollbacks between two running releases; every twentieth swap is a whole redeploy.
  for (let swap = 0; swap < count; swap += 1) {
    if (swap % 20 === 19) {
      const marker = `swaps-${swap + 2}`;
      repository.commit(marker);
      // The swap before this one made the first of the two live: it is the one that stays running.
      releases[1] = (await aether.deploy("swaps", marker)).id;
    } else {
      await aether.call("POST", "/projects/swaps/rollback", { deployment_id: releases[swap % 2] }).catch((error) => {
        throw new Error(`swap ${swap}: ${error.message}`);
      });
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const result = await new Promise((resolve) => {
    load.on("message", resolve);
    load.send("stop");
  });
  console.log(`${count} swaps in ${seconds.toFixed(0)} s: ${result.answered} requests answered, ${result.failed} failed`);
  if (result.failed > 0) console.log(JSON.stringify(result.failures.slice(0, 5)));
}
