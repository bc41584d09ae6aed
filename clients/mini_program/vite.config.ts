// The build of both targets: uni-app's plugin and the style passes that keep the theme light and the icons inside the package.
import { defineConfig } from 'vite';
import uniPlugin from '@dcloudio/vite-plugin-uni';
import { buildIconFont } from './build/icon_font.mjs';
import { inlineIcons, lightThemeOnly, nothingForeign } from './build/postcss_plugins.mjs';

// The plugin is CommonJS; seen from an ES module its function sits under `default`.
const uni = (uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin;

export default defineConfig(async () => {
  const font = await buildIconFont();
  return {
    plugins: [uni()],
    css: { postcss: { plugins: [lightThemeOnly(), inlineIcons(font), nothingForeign()] } },
    build: { chunkSizeWarningLimit: 1200 },
  };
});
