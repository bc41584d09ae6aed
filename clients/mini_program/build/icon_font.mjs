// Builds the icon font: the subset of TDesign's icons that the pages use, and our own drawings in src/icons, as one woff2.
// TDesign's stylesheet would load all two thousand from a CDN; this one is inlined and a few kilobytes large.
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import svg2ttf from 'svg2ttf';
import SVGIcons2SVGFontStream from 'svgicons2svgfont';
import wawoff2 from 'wawoff2';
import { ICONS } from './icons.mjs';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FIRST_GLYPH = 0xe001;
// A fixed time keeps the font, and with it the hashed names of the assets, the same from build to build.
const FONT_TIME = 1_700_000_000;

async function ownIcons() {
  const folder = path.join(ROOT, 'src/icons');
  const files = (await readdir(folder)).filter((f) => f.endsWith('.svg')).sort();
  return files.map((f) => ({ name: path.basename(f, '.svg'), file: path.join(folder, f) }));
}

function libraryIcons() {
  const require = createRequire(import.meta.url);
  const folder = path.join(path.dirname(require.resolve('tdesign-icons-svg/package.json')), 'src');
  return ICONS.map((name) => ({ name, file: path.join(folder, `${name}.svg`) }));
}

// The library writes `view-box` and sizes in em, which font tools do not read.
function readable(svg) {
  return svg.replace('view-box=', 'viewBox=').replace(/(width|height)="1em"/g, '$1="24"');
}

async function svgFont(icons) {
  const stream = new SVGIcons2SVGFontStream({ fontName: 't', fontHeight: 1000, normalize: true, log: () => {} });
  const chunks = [];
  const done = new Promise((resolve, reject) => {
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  for (const [i, icon] of icons.entries()) {
    const glyph = Readable.from([readable(await readFile(icon.file, 'utf8'))]);
    glyph.metadata = { name: icon.name, unicode: [String.fromCodePoint(FIRST_GLYPH + i)] };
    stream.write(glyph);
  }
  stream.end();
  await done;
  return Buffer.concat(chunks.map((c) => Buffer.from(c))).toString();
}

/** Returns `{ url, glyphs }`: the font as a data URI, and a map from icon name to its code point in hexadecimal. */
export async function buildIconFont() {
  const icons = [...libraryIcons(), ...(await ownIcons())];
  const ttf = svg2ttf(await svgFont(icons), { ts: FONT_TIME }).buffer;
  const woff2 = Buffer.from(await wawoff2.compress(Buffer.from(ttf)));
  const glyphs = new Map(icons.map((icon, i) => [icon.name, (FIRST_GLYPH + i).toString(16)]));
  return { url: `data:font/woff2;base64,${woff2.toString('base64')}`, glyphs };
}
