import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text(["deno", "answers"].join(" ")));

Deno.serve({ port: Number(Deno.env.get("PORT")) }, app.fetch);
