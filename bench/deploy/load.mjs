// The second process of the swap test: requests without pause over 8 connections until it is told to stop.
import { send } from "./http.mjs";

const [site, host] = process.argv.slice(2);
const result = { answered: 0, failed: 0, failures: [] };
let running = true;

process.on("message", () => {
  running = false;
});

await Promise.all(Array.from({ length: 8 }, visit));
process.send(result, () => process.exit(0));

async function visit() {
  while (running) {
    const answer = await send(site, { headers: { host } }).catch((error) => ({ status: 0, text: String(error) }));
    if (answer.status === 200 && answer.text.includes("swaps-")) result.answered += 1;
    else {
      result.failed += 1;
      result.failures.push(`${new Date().toISOString()} ${answer.status} ${answer.text.slice(0, 200)}`);
    }
  }
}
