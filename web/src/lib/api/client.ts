import createClient from 'openapi-fetch';

import type { paths } from './schema';
import { Trouble, unreachable, unusable } from './trouble';
import type { Problem } from './types';

const PATIENCE_MS = 20_000;

/** The directory's HTTP interface, typed by its OpenAPI document. */
export const api = createClient<paths>({
  credentials: 'same-origin',
  fetch: (request) => fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) }),
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Waits for an answer's body; whatever goes wrong becomes a `Trouble`. */
export async function body<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await settled(request);
  if (!response.ok) throw refused(error, response);
  if (data === undefined) throw unusable();
  return data;
}

/** Waits for an answer that has no body. */
export async function done(request: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await settled(request);
  if (!response.ok) throw refused(error, response);
}

function refused(error: unknown, { headers }: Response): Trouble {
  if (!isProblem(error)) return unusable();
  const wait = headers.get('retry-after') ?? '';
  return Trouble.of(error, /^\d+$/.test(wait) ? Number(wait) : undefined);
}

async function settled<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await request;
  } catch (error) {
    // A body that is no JSON is an answer nevertheless; everything else never arrived.
    throw error instanceof SyntaxError ? unusable() : unreachable();
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['code', 'sentence', 'next_step'].every(
      (key) => typeof (value as Record<string, unknown>)[key] === 'string',
    )
  );
}
