// The style and layout checks: pure functions from a tree (path → text) to a list of violations, so that each can be tried on a bad
// tree. A violation is `path:line: what is wrong`; an empty list is a clean tree.
import * as rules from './rules.mjs';

const isCpp = (path) => /\.(cc|h)$/.test(path);
const isScript = (path) => /^(scripts|\.ci)\/[a-z-]+$/.test(path);
const isText = (path) => !/\.(png|woff2|ttf|bin|ico|jpg)$/.test(path);
const dirname = (path) => path.slice(0, Math.max(0, path.lastIndexOf('/')));

// Calls visit(path, line, number) for every line of the files that `chosen` accepts.
function eachLine(tree, chosen, visit) {
  for (const [path, text] of tree) {
    if (!chosen(path)) continue;
    text.split('\n').forEach((line, index) => visit(path, line, index + 1));
  }
}

const within = (path, folder) => path === folder || path.startsWith(`${folder}/`);

// The layer that a path belongs to: the longest folder of the table that holds it.
function layerOf(path) {
  const holding = Object.keys(rules.LAYERS).filter((folder) => within(path, folder));
  return holding.sort((a, b) => b.length - a.length)[0];
}

function maySee(layer, target) {
  const { sees, interfaces = [] } = rules.LAYERS[layer];
  return [layer, ...sees].some((folder) => within(target, folder)) || interfaces.includes(target);
}

export function topLevel(tree) {
  const found = new Set([...tree.keys()].map((path) => path.split('/')[0]));
  return [...found].filter((name) => !rules.TOP_LEVEL.includes(name)).map((name) => `${name}: not one of the top-level entries`);
}

export function includeDirections(tree) {
  const bad = [];
  eachLine(tree, isCpp, (path, line, number) => {
    const target = /^\s*#\s*include\s+["<]([^">]+)[">]/.exec(line)?.[1];
    const layer = layerOf(path);
    if (!target || !layer) return;
    if (within(layer, 'ledger') && rules.LEDGER_REFUSES.test(target)) bad.push(`${path}:${number}: the ledger may not include ${target}`);
    if (rules.GENERATED.test(target) || !layerOf(target)) return;
    if (!tree.has(target)) bad.push(`${path}:${number}: ${target} does not exist`);
    if (!maySee(layer, target)) bad.push(`${path}:${number}: ${layer} may not include ${target}`);
  });
  return bad;
}

// Ours are included from the root, so that a line says which layer it reaches into.
export function includesFromRoot(tree) {
  const bad = [];
  const names = new Set([...tree.keys()].filter((path) => path.endsWith('.h')).map((path) => path.split('/').pop()));
  eachLine(tree, isCpp, (path, line, number) => {
    const target = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
    if (!target || target.includes('/') === true) return;
    if (names.has(target)) bad.push(`${path}:${number}: include ${target} by its path from the root`);
  });
  return bad;
}

// Each fenfen_… library belongs to the folder whose CMakeLists.txt makes it, and links only what that folder may include.
export function linkDirections(tree) {
  const owner = new Map();
  const links = [];
  for (const [path, text] of tree) {
    if (!path.endsWith('CMakeLists.txt')) continue;
    const plain = text.replace(/#.*$/gm, '');
    for (const [, , name, body] of plain.matchAll(/\b(fenfen_library|fenfen_program|fenfen_test)\s*\(\s*([\w-]+)([^)]*)\)/g)) {
      owner.set(name, dirname(path));
      const linked = (body.split(/\b(?:PUBLIC|PRIVATE|LINKS)\b/).slice(1).join(' ').match(/\bfenfen_\w+/g) ?? []);
      links.push({ path, name, linked });
    }
  }
  const bad = [];
  for (const { path, name, linked } of links) {
    const layer = layerOf(dirname(path));
    for (const other of linked) {
      if (layer?.startsWith('ledger/') && other === 'fenfen_grpc') bad.push(`${path}: ${name}: the ledger may not link gRPC`);
      const place = owner.get(other);
      if (!layer || !place || !layerOf(place)) continue;
      const sees = rules.LAYERS[layer];
      const folders = [layer, ...sees.sees, ...(sees.interfaces ?? []).map(dirname)];
      if (!folders.some((folder) => within(place, folder))) bad.push(`${path}: ${name} may not link ${other} of ${place}`);
    }
  }
  return bad;
}

// A source that no CMakeLists.txt names is never compiled, however right it looks.
// The patterns of a list's file(GLOB … *.cc */*_test.cc).
function globsOf(text) {
  const words = [...text.matchAll(/file\(GLOB[^)]*\)/g)].flatMap(([command]) => command.slice(0, -1).split(/\s+/));
  return words.filter((word) => word.includes('*') && word.endsWith('.cc'))
    .map((word) => new RegExp(`^${word.replace(/[.+]/g, '\\$&').replace(/\*/g, '[^/]*')}$`));
}

export function sourcesAreBuilt(tree) {
  const lists = [...tree].filter(([path]) => path.endsWith('CMakeLists.txt'));
  return [...tree.keys()].filter((path) => path.endsWith('.cc')).filter((path) => !lists.some(([list, text]) => {
    const folder = dirname(list);
    if (folder !== '' && !within(path, folder)) return false;
    const rest = folder === '' ? path : path.slice(folder.length + 1);
    return text.includes(rest) || text.includes(rest.replace(/\.cc$/, '')) || globsOf(text).some((glob) => glob.test(rest));
  })).map((path) => `${path}: no CMakeLists.txt names it`);
}

export function fileLengths(tree) {
  const bad = [];
  for (const [path, text] of tree) {
    const lines = text.split('\n').length - 1;
    if (isText(path) && lines > rules.LINES_MAX && !rules.LINES_EXEMPT.some((exempt) => exempt.test(path))) {
      bad.push(`${path}: ${lines} lines; the limit is ${rules.LINES_MAX}`);
    }
  }
  return bad;
}

export function lineWidths(tree) {
  const bad = [];
  const chosen = (path) => isCpp(path) || isScript(path) || /(CMakeLists\.txt|\.mjs)$/.test(path);
  eachLine(tree, chosen, (path, line, number) => {
    const columns = [...line].length;
    if (columns > rules.COLUMNS_MAX) bad.push(`${path}:${number}: ${columns} columns; the limit is ${rules.COLUMNS_MAX}`);
  });
  return bad;
}

export function nothingUnfinished(tree) {
  const bad = [];
  const chosen = (path) => isText(path) && !/(package-lock\.json|\.csv|LICENSE)$/.test(path);
  eachLine(tree, chosen, (path, line, number) => {
    for (const word of rules.UNFINISHED) {
      const at = line.indexOf(word);
      if (at >= 0 && !(/^\w/.test(word) && /\w/.test(line[at - 1] ?? ''))) bad.push(`${path}:${number}: ${word}`);
    }
  });
  return bad;
}

// A C++ file opens with the comment that says what it is; a source may leave that to the header of its name.
export function headerComments(tree) {
  return [...tree].filter(([path]) => isCpp(path) && !(path.endsWith('.cc') && tree.has(path.replace(/cc$/, 'h'))))
    .filter(([, text]) => !/^\/\/ .{20,}/.test(text)).map(([path]) => `${path}:1: no header comment`);
}

export function scriptsAreStrict(tree) {
  const bad = [];
  for (const [path, text] of tree) {
    if (!isScript(path)) continue;
    if (!/^#!\/usr\/bin\/env bash\n# .{20,}/.test(text)) bad.push(`${path}:1: no header comment`);
    if (!/^set -euo pipefail$/m.test(text)) bad.push(`${path}: not under set -euo pipefail`);
  }
  return bad.concat([...tree.keys()].filter((path) => /\.py$/.test(path)).map((path) => `${path}: shell, TypeScript and C++ only`));
}

export function nothingForeign(tree) {
  const bad = [];
  eachLine(tree, isText, (path, line, number) => {
    for (const word of rules.FOREIGN) if (line.includes(word)) bad.push(`${path}:${number}: names ${word}`);
  });
  return bad;
}

export function readmes(tree) {
  return rules.README_FOLDERS.filter((folder) => [...tree.keys()].some((path) => within(path, folder)))
    .filter((folder) => !tree.has(`${folder}/README.md`)).map((folder) => `${folder}: no README.md`);
}

// Every method of the API is a command of fenfenctl, or said not to be.
export function methodsInCtl(tree) {
  const isCommand = (path) => within(path, rules.CTL_FOLDER) && isCpp(path) && !/\/(bench|check|demo)\//.test(path);
  const commands = [...tree].filter(([path]) => isCommand(path)).map(([, text]) => text).join('\n');
  const bad = [];
  eachLine(tree, (path) => /^proto\/fenfen\/v1\/.*\.proto$/.test(path), (path, line, number) => {
    const name = /^ *rpc (\w+)\(/.exec(line)?.[1];
    if (name === undefined) return;
    const called = new RegExp(`\\b${name}\\b`).test(commands);
    if (called !== rules.NOT_IN_CTL.has(name)) return;
    bad.push(`${path}:${number}: ${name} has ${called ? 'a command after all' : 'no command'}`);
  });
  return bad;
}

// A path without its `.` and `..` parts.
function normalize(path) {
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

// Every path that a document names, in backticks or as a link, is there. A file may be named alone.
export function documentPaths(tree) {
  const folders = new Set([...tree.keys()].flatMap((path) => path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'))));
  const there = (path) => tree.has(path) || folders.has(path);
  const names = new Set([...tree.keys()].map((path) => path.split('/').pop()));
  const bad = [];
  eachLine(tree, (path) => /\.md$/.test(path) && !within(path, 'clients/mini_program/node_modules'), (path, line, number) => {
    const folder = dirname(path);
    const named = [...line.matchAll(/`([\w.][\w./-]*)`/g)].map((match) => ({ word: match[1], link: false }));
    const linked = [...line.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => ({ word: match[1], link: true }));
    for (const { word, link } of [...named, ...linked]) {
      const name = word.replace(/\/$/, '');
      const fromRoot = name.includes('/') && rules.TOP_LEVEL.includes(name.split('/')[0]);
      const isPath = link || fromRoot || /^[\w-]+\.(h|cc|proto|mjs)$/.test(name);
      if (!isPath || rules.MADE_LATER.test(name)) continue;
      const local = normalize(`${folder}/${name}`);
      const byName = !link && !name.includes('/') && names.has(name);
      if (!byName && !there(name) && !there(local)) bad.push(`${path}:${number}: ${word} does not exist`);
    }
  });
  return bad;
}

// "`Engine::Submit` in `ledger/engine/engine.cc`": what a document says is in a file is in it.
export function documentFunctions(tree) {
  const bad = [];
  eachLine(tree, (path) => path.endsWith('.md'), (path, line, number) => {
    for (const [, name, file] of line.matchAll(/`([\w:]+)` in `([\w./]+)`/g)) {
      const text = tree.get(file);
      if (text !== undefined && !text.includes(name.split('::').pop())) bad.push(`${path}:${number}: there is no ${name} in ${file}`);
    }
  });
  return bad;
}
