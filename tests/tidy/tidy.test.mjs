// Runs every check over the project, where it must find nothing, and over a bad tree, where it must find exactly the fault: a check
// that cannot fail checks nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as checks from './checks.mjs';
import { readTree } from './tree.mjs';

const project = readTree(fileURLToPath(new URL('../..', import.meta.url)));
const COMMENT = '// A file with a header comment that is long enough.\n';
const glue = (...parts) => parts.join('');

// One bad tree for each check, and a piece of what it must say.
const CANARIES = {
  topLevel: [{ 'utils/strings.h': COMMENT }, 'utils: not one of'],
  includeDirections: [
    { 'ledger/core/points.h': `${COMMENT}#include "server/service.h"\n`, 'server/service.h': COMMENT },
    'ledger/core may not include server/service.h'],
  includesFromRoot: [{ 'server/a.cc': `${COMMENT}#include "a.h"\n`, 'server/a.h': COMMENT }, 'include a.h by its path'],
  linkDirections: [
    {
      'ledger/core/CMakeLists.txt': 'fenfen_library(fenfen_core SOURCES a.cc PUBLIC fenfen_server)',
      'server/CMakeLists.txt': 'fenfen_library(fenfen_server SOURCES b.cc)',
    },
    'fenfen_core may not link fenfen_server'],
  sourcesAreBuilt: [
    { 'server/CMakeLists.txt': 'fenfen_library(x SOURCES other.cc)', 'server/lost.cc': COMMENT },
    'server/lost.cc: no CMakeLists'],
  fileLengths: [{ 'server/long.cc': `${COMMENT}${'\n'.repeat(500)}` }, '501 lines'],
  lineWidths: [{ 'server/wide.cc': `${COMMENT}// ${'x'.repeat(140)}\n` }, '143 columns'],
  nothingUnfinished: [{ 'server/later.cc': `${COMMENT}// ${glue('TO', 'DO')}: later\n` }, 'server/later.cc:2'],
  headerComments: [{ 'server/bare.cc': '#include <string>\n' }, 'server/bare.cc:1: no header comment'],
  scriptsAreStrict: [{ 'scripts/loose': '#!/usr/bin/env bash\n# Does a thing and does not mind errors.\ntrue\n' }, 'set -euo pipefail'],
  nothingForeign: [{ 'docs/a.md': `see ${glue('../sha', 'red')}/x\n` }, 'docs/a.md:1'],
  methodsInCtl: [{ 'proto/fenfen/v1/a.proto': `${COMMENT}  rpc GetLost(A) returns (B);\n` }, 'GetLost has no command'],
  readmes: [{ 'server/a.cc': COMMENT }, 'server: no README.md'],
  documentPaths: [{ 'README.md': 'Start at `server/nothing.cc`.\n' }, 'server/nothing.cc does not exist'],
  documentFunctions: [{ 'README.md': 'It is `Gone` in `server/a.cc`.\n', 'server/a.cc': COMMENT }, 'no Gone in server/a.cc'],
};

for (const [name, check] of Object.entries(checks)) {
  test(`${name}: the project is clean`, () => assert.deepEqual(check(project), []));
  test(`${name}: a bad tree is found out`, () => {
    const [files, said] = CANARIES[name];
    const found = check(new Map(Object.entries(files)));
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0].includes(said), `${found[0]} does not say: ${said}`);
  });
}
