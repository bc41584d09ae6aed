// Passes over every stylesheet of the build.

const ICON_RULE = /^\.t-icon-[a-z0-9-]+:{1,2}before$/i;

/** Replaces TDesign's CDN font by the inlined one and its two thousand icon rules by those of the icons in the font. */
export function inlineIcons(font) {
  return {
    postcssPlugin: 'fenfen-inline-icons',
    Once(root, { AtRule, Declaration, Rule }) {
      let found = false;
      root.walkAtRules('font-face', (rule) => {
        if (!rule.toString().includes('tdesign.gtimg.com')) return;
        found = true;
        const face = new AtRule({ name: 'font-face', source: rule.source });
        face.append(new Declaration({ prop: 'font-family', value: 't' }));
        face.append(new Declaration({ prop: 'src', value: `url('${font.url}') format('woff2')` }));
        rule.replaceWith(face);
      });
      if (!found) return;
      root.walkRules((rule) => {
        if (ICON_RULE.test(rule.selector)) rule.remove();
      });
      for (const [name, code] of font.glyphs) {
        const rule = new Rule({ selector: `.t-icon-${name}:before`, source: root.source });
        rule.append(new Declaration({ prop: 'content', value: `'\\${code}'` }));
        root.append(rule);
      }
    },
  };
}

/** Drops the dark variant of TDesign's theme and makes the light one unconditional: our own colours are checked for contrast in light. */
export function lightThemeOnly() {
  return {
    postcssPlugin: 'fenfen-light-theme-only',
    OnceExit(root) {
      root.walkAtRules('media', (rule) => {
        if (rule.params.includes('prefers-color-scheme: dark')) rule.remove();
        else if (rule.params.includes('prefers-color-scheme: light')) rule.replaceWith(rule.nodes);
      });
    },
  };
}

/** Drops every declaration that would load something from another host; uni-app's own styles have a picture of a shadow on a CDN. */
export function nothingForeign() {
  return {
    postcssPlugin: 'fenfen-nothing-foreign',
    OnceExit(root) {
      root.walkDecls((declaration) => {
        if (/url\(\s*['"]?(https?:)?\/\//i.test(declaration.value)) declaration.remove();
      });
    },
  };
}
