// Lays each file's Brotli and gzip forms beside it, once and at the highest level, so that the coordinator never compresses.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const TEXT = /\.(js|css|html|svg|json|webmanifest)$/;
const shrink = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  gz: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
};

/** For the last moment of a build, when all files are written. */
export function compressed(): Plugin {
  let folder = '';
  return {
    name: 'ttalkak-compressed',
    apply: 'build',
    configResolved: (config) => void (folder = config.build.outDir),
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      for (const file of files.filter((name) => TEXT.test(name))) {
        const path = resolve(folder, file);
        const bytes = await readFile(path);
        for (const [extension, make] of Object.entries(shrink)) {
          const made = await make(bytes);
          if (made.length < bytes.length) await writeFile(`${path}.${extension}`, made);
        }
      }
    },
  };
}
