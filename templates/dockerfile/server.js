const { createServer } = require("node:http");

const server = createServer((_request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end("<!doctype html><title>Dockerfile</title><h1>Dockerfile</h1><p>This answer comes from <code>server.js</code>.</p>");
});

server.listen(process.env.PORT ?? 8080, process.env.HOST ?? "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
