// Puts the notices that the licences of what is bundled ask for beside the bundle. Vite's own
// listing leaves out what only workers or style sheets import.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import type { Plugin } from 'vite';

interface Lock {
  packages: Record<string, { version?: string; license?: string; dev?: boolean }>;
}

export function licenses(): Plugin {
  return {
    name: 'licenses',
    apply: 'build',
    generateBundle() {
      const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
      const notices = Object.entries(lock.packages)
        .filter(([folder, { dev }]) => folder !== '' && !dev)
        .map(([folder, { version, license }]) => {
          const name = folder.replace(/^.*node_modules\//, '');
          return `${name} ${version} (${license})\n\n${notice(folder)}\n`;
        });
      this.emitFile({
        type: 'asset',
        fileName: 'licenses.txt',
        source: notices.join(`\n${'-'.repeat(72)}\n\n`),
      });
    },
  };
}

function notice(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file ? readFileSync(path.join(folder, file), 'utf8').trim() : '';
}
