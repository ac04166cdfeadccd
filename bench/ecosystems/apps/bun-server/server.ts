import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text(["bun-server", "answers"].join(" ")));

export default { port: Number(process.env.PORT), fetch: app.fetch };
