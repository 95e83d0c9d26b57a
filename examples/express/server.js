import express from "express";

const app = express();
const port = process.env.PORT ?? 3000;

app.get("/", (request, response) => {
  response.json({ hello: "from Express", node: process.version, host: request.headers.host });
});

app.listen(port, () => console.log(`listening on ${port}`));
