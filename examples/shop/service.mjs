/**
 * One of the shop's four services, as small as a service can be: `node service.mjs NAME PORT`. It answers every
 * request with what it was asked and by whom, as its sidecar certified it. It knows nothing of the mesh.
 */
import { createServer } from 'node:http';

const [name = 'service', port = '8080'] = process.argv.slice(2);

/**
 * The caller's SPIFFE ID: the inbound sidecar sets this header and removes what a caller wrote there.
 * @param {string | string[] | undefined} header
 */
function callerOf(header) {
  return /URI=([^;,]+)/.exec(String(header ?? ''))?.[1];
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const answer = {
      service: name,
      method: request.method,
      path: request.url,
      caller: callerOf(request.headers['x-forwarded-client-cert']),
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(answer)}\n`);
  });
});

server.listen(Number(port), '127.0.0.1', () => console.log(`${name} listens on 127.0.0.1:${port}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
