// A small static file server for the tests: serves dist/ under a sub-path, as any plain host would.
//
// By hand: node tests/browser/serve.mjs [port]

import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/** What may happen to WebAssembly: served, refused by the page's policy, or not there (404). */
export const WASM = { served: "served", refused: "refused", missing: "missing" };

/**
 * Starts a server on 127.0.0.1.
 *
 * @param {object} options
 * @param {string} [options.root] the folder to serve; dist/ by default
 * @param {string} [options.base] the path it is served under, with a slash at both ends
 * @param {string} [options.wasm] one of WASM
 * @param {number} [options.port] 0 takes a free one
 * @param {Record<string, string>} [options.headers] that every answer has besides its own
 * @returns {Promise<{url: string, origin: string, close: () => Promise<void>}>}
 */
export async function serve({ root = DIST, base = "/some/sub/path/", wasm = WASM.served, port = 0, headers: all = {} } = {}) {
  const top = normalize(root).replace(/[/\\]$/, "");
  await stat(join(top, "index.html")).catch(() => {
    throw new Error(`${top} holds no index.html: run "scripts/test build" first`);
  });

  const server = createServer(async (request, response) => {
    const answer = (status, body = "", headers = {}) => response.writeHead(status, headers).end(body);
    let path;
    try {
      path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    } catch {
      return answer(400);
    }
    if (!path.startsWith(base)) return answer(404);
    const name = path.slice(base.length);
    const file = normalize(join(top, name === "" || name.endsWith("/") ? `${name}index.html` : name));
    if (!file.startsWith(top + sep)) return answer(403);
    if (wasm === WASM.missing && extname(file) === ".wasm") return answer(404);
    try {
      const headers = {
        ...all,
        "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
        "Cache-Control": "no-store",
      };
      // Without 'wasm-unsafe-eval' a browser refuses to compile WebAssembly.
      if (wasm === WASM.refused) headers["Content-Security-Policy"] = "script-src 'self' 'unsafe-inline'";
      return answer(200, await readFile(file), headers);
    } catch {
      return answer(404);
    }
  });

  await new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", listening);
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: origin + base,
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.argv[2] ?? 0) });
  console.log(`dist/ is served at ${url}`);
}
