// The OpenAPI document that the bridge serves: valid by the standard's own schema, and it holds every method that has an http option,
// as a stock tool (buf) reads the protos. Run with FENFEN_BRIDGE=http://127.0.0.1:PORT, as scripts/with-district sets it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';

const bridge = process.env.FENFEN_BRIDGE;
assert.ok(bridge, 'FENFEN_BRIDGE is not set: run me through scripts/with-district');
const proto = fileURLToPath(new URL('../../proto', import.meta.url));

const reply = await fetch(`${bridge}/openapi.json`, { signal: AbortSignal.timeout(10_000) });
const document = reply.ok ? await reply.json() : {};

// {verb, path} of every http option, from the descriptors as JSON. A path's `{field=collection/*}` becomes `collection/{…}`.
function declaredRoutes() {
  const buf = fileURLToPath(new URL('../node_modules/.bin/buf', import.meta.url));
  const image = JSON.parse(execFileSync(buf, ['build', '-o', '-#format=json'], { cwd: proto, encoding: 'utf8', maxBuffer: 1 << 26 }));
  const routes = [];
  for (const file of image.file) {
    for (const method of (file.service ?? []).flatMap((service) => service.method ?? [])) {
      const http = method.options?.['[fenfen.v1.http]'];
      if (http) routes.push({ method: method.name, verb: http.get ? 'get' : 'post', template: http.get ?? http.post });
    }
  }
  return routes;
}

// The shape of a path: literal segments, and `*` for each one that varies.
const shapeOfTemplate = (template) => template.replace(/\{[^}=]*=([^}]*)\}/g, '$1').replace(/\{[^}]*\}/g, '*');
const shapeOfPath = (path) => path.replace(/\{[^}]*\}/g, '*');

test('the document is served and is valid OpenAPI 3', async () => {
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type'), /^application\/json/);
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
  assert.match(validator.version, /^3\./);
});

test('every method with an http option is in it, and nothing that has none', () => {
  const routes = declaredRoutes();
  assert.ok(routes.length >= 10, `only ${routes.length} routes were read from the protos`);
  const documented = Object.entries(document.paths ?? {})
    .flatMap(([path, item]) => Object.keys(item).filter((key) => key === 'get' || key === 'post')
      .map((verb) => `${verb} ${shapeOfPath(path)}`));
  const declared = routes.map((route) => `${route.verb} ${shapeOfTemplate(route.template)}`);
  assert.deepEqual(documented.filter((route) => route.includes(' /v1/') && !route.includes('/v1/sandbox/')).sort(), declared.sort());
});

test('every operation says who may call it and what it answers', () => {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(item).filter(([key]) => key === 'get' || key === 'post')) {
      assert.ok(operation.operationId, `${verb} ${path} has no operationId`);
      assert.ok(operation.responses?.['200'] || operation.responses?.['2XX'], `${verb} ${path} documents no success`);
      assert.ok(operation.summary || operation.description, `${verb} ${path} says nothing of itself`);
    }
  }
});
