// A static server for a built site, with the Content-Security-Policy that it is written for. Used by every check here.
import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { extname, join, normalize, resolve } from "node:path";

export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'";
const types = {
  ".html": "text/html; charset=utf-8", ".xhtml": "application/xhtml+xml", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
  ".png": "image/png", ".woff2": "font/woff2", ".json": "application/json", ".csv": "text/csv", ".xml": "application/xml", ".pdf": "application/pdf", ".epub": "application/epub+zip",
};

// Serves a folder on a free port; `strict` sends the policy. Answers { url, close }.
export async function serve(folder, { strict = true } = {}) {
  const root = resolve(folder);
  const server = createServer(async (request, response) => {
    let path = join(root, normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)));
    const send = async (code, file) => {
      const type = types[extname(file)] ?? "application/octet-stream";
      const headers = { "Content-Type": type, "Cache-Control": "max-age=600", ...(strict && { "Content-Security-Policy": CSP }) };
      let body = await readFile(file);
      if (/text|json|xml|svg|javascript/.test(type)) { body = gzipSync(body); headers["Content-Encoding"] = "gzip"; }
      response.writeHead(code, headers).end(body);
    };
    try {
      if ((await stat(path)).isDirectory()) path = join(path, "index.html");
      await send(200, path);
    } catch {
      await send(404, join(root, "404.html")).catch(() => response.writeHead(404).end());
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
