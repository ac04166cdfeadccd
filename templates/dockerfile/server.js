const { createServer } = require("node:http");

const server = createServer((_request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end("<!doctype html><title>Dockerfile</title><h1>Dockerfile</h1><p>Edit <code>server.js</code> and push.</p>");
});

server.listen(process.env.PORT ?? 8080, process.env.HOST ?? "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
