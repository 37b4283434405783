// Writes the types of the directory's interface from its OpenAPI document; with --check, tells
// whether the written ones are still those.

import { readFile, writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const document = new URL('../../docs/openapi.json', import.meta.url);
const target = new URL('../src/lib/api/schema.d.ts', import.meta.url);

const api = JSON.parse(await readFile(document, 'utf8'));
// Types are found by path. An operation's id would name a type too, and ids may occur twice.
for (const methods of Object.values(api.paths)) {
  for (const operation of Object.values(methods)) delete operation.operationId;
}

const text = `// Written by \`npm run generate\` from docs/openapi.json.\n\n${astToString(await openapiTS(api))}`;
const config = await resolveConfig(target);
const types = await format(text, { ...config, parser: 'typescript' });

if (!process.argv.includes('--check')) {
  await writeFile(target, types);
} else if ((await readFile(target, 'utf8')) !== types) {
  console.error('src/lib/api/schema.d.ts is out of date: run `npm run generate`');
  process.exitCode = 1;
}
