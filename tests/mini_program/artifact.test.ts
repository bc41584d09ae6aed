// The package itself: what WeChat's upload checks, as far as it can be checked here.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ARTIFACT } from './phone';
import { BUILT_FOR } from './wx';

const require = createRequire(import.meta.url);
const SOURCES = path.resolve(ARTIFACT, '../../../src');
const MAIN_PACKAGE_BYTES_MAX = 2 * 1024 * 1024;

/** Names of things, not addresses that anything is loaded from. */
const NAMESPACES = ['http://www.w3.org/2000/svg', 'http://www.w3.org/1998/Math/MathML', 'http://www.w3.org/1999/xlink'];
/** Texts of Vue's and uni-app's error messages; nothing requests them. */
const IN_MESSAGES = ['https://vuejs.org/error-reference/', 'https://uniapp.dcloud.net.cn/tutorial/run/mp-log.html'];

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    return entry.isDirectory() ? files(full) : [full];
  });
}

function addresses(folder: string, endings: RegExp): string[] {
  const found = files(folder)
    .filter((file) => endings.test(file))
    .flatMap((file) => readFileSync(file, 'utf8').match(/(?:https?|wss?):\/\/[^\s'"`)<>]+/g) ?? []);
  return [...new Set(found)];
}

describe('the package', () => {
  it('is smaller than a main package may be', () => {
    const bytes = files(ARTIFACT).reduce((sum, file) => sum + statSync(file).size, 0);
    expect(bytes).toBeLessThan(MAIN_PACKAGE_BYTES_MAX);
  });

  it('speaks to the bridge and nobody else', () => {
    const allowed = [...NAMESPACES, ...IN_MESSAGES, BUILT_FOR];
    expect(addresses(ARTIFACT, /\.(js|json|wxml|wxss|svg)$/).filter((url) => !allowed.some((a) => url.startsWith(a)))).toEqual([]);
    expect(addresses(SOURCES, /\.(ts|vue|json|css|svg)$/).filter((url) => !NAMESPACES.includes(url))).toEqual(['https://fenfen.example']);
  });

  it('has every page that it names, and asks only for what a page needs', () => {
    const app = JSON.parse(readFileSync(path.join(ARTIFACT, 'app.json'), 'utf8'));
    const all = new Set(files(ARTIFACT).map((file) => path.relative(ARTIFACT, file)));
    for (const page of app.pages as string[]) {
      for (const ending of ['js', 'json', 'wxml']) expect(all.has(`${page}.${ending}`), `${page}.${ending}`).toBe(true);
    }
    expect(app.lazyCodeLoading).toBe('requiredComponents');
    expect(app.__usePrivacyCheck__).toBe(true);
  });

  it('has WXML and WXSS that WeChat\'s own compilers take', () => {
    const compiler = require('miniprogram-compiler') as { wxmlToJs: (root: string) => string; wxssToJs: (root: string) => string };
    expect(compiler.wxmlToJs(ARTIFACT)).toContain('pages/home/home.wxml');
    expect(compiler.wxssToJs(ARTIFACT)).toContain('pages/home/home.wxss');
  });

  it('does not count its users for anybody', () => {
    expect(addresses(ARTIFACT, /\.js$/).filter((url) => /stat|tongji|collect/.test(url))).toEqual([]);
  });
});
