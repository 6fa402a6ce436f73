import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { answer } from "./answer.js";

const server = createServer((request, response) => {
  const { status, type, body } = answer(new URL(request.url ?? "/", "http://kiosk"));
  response.writeHead(status, { "content-type": type }).end(body);
});

server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});
