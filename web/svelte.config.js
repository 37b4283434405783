import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Elements are made one by one: no innerHTML, hence no trusted-types policy for HTML.
    fragments: 'tree',
  },
};
