// Puts a compressed copy beside each file of the build that gets much shorter by it. The directory
// sends that copy as it is, so that no request costs it any compressing.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

import type { Plugin } from 'vite';

const WORTH = 0.9;

export function compress(): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    writeBundle({ dir }) {
      const folder = dir ?? 'dist';
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) compressFile(path.join(entry.parentPath, entry.name));
      }
    },
  };
}

function compressFile(file: string): void {
  const plain = readFileSync(file);
  const packed = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  if (packed.length < WORTH * plain.length) writeFileSync(`${file}.br`, packed);
}
