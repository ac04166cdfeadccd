const express = require("express");

const app = express();
app.get("/", (_, response) => response.send("express " + "answers"));
app.listen(process.env.PORT);
