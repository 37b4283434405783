import type { Credential } from '../api/types';
import { NORMALISATION } from '../password/normalise';

const SUITE = 1;

// A weaker stretching would make guessing cheap; a stronger one would only exhaust the browser.
const FLOOR = { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 };
const CEILING = { memory_kib: 1024 * 1024, iterations: 16, parallelism: 16 };

/** Whether a credential's parameters are ones that this portal knows and accepts. */
export function isAcceptable(credential: Credential): boolean {
  const keys = Object.keys(FLOOR) as (keyof typeof FLOOR)[];
  return (
    credential.suite === SUITE &&
    credential.normalisation === NORMALISATION &&
    keys.every((key) => {
      const value = credential.ksf[key];
      return Number.isInteger(value) && value >= FLOOR[key] && value <= CEILING[key];
    })
  );
}
