import express from "express";

const app = express();

app.get("/", (_request, response) => {
  response.send("<!doctype html><title>Express</title><h1>Express</h1><p>This answer comes from <code>server.js</code>.</p>");
});

app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});

const server = app.listen(process.env.PORT ?? 8080, process.env.HOST ?? "127.0.0.1");

// Finish what is under way before a new release takes over.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
