// Normalisation rule 1, the same as in the Rust crate `model`; both pass its vectors.

import { code } from '../codes';

export const NORMALISATION = 1;

const MAX_BYTES = 255;
// NFC at most triples UTF-8, so nothing longer can come to fit.
const MAX_TYPED_BYTES = 3 * MAX_BYTES;

export type Normalised = { normal: string } | { code: string };

/** Brings typed text into the only form that enters OPAQUE. */
export function normalise(typed: string): Normalised {
  if (typed === '') return { code: code.blank };
  if (bytes(typed) > MAX_TYPED_BYTES) return { code: code.tooLong };
  // Unpaired surrogates would silently become U+FFFD, and so make two passwords one.
  if (/[\p{Cc}\p{Cs}]/u.test(typed)) return { code: code.badCharacters };
  const normal = typed.normalize('NFC').replace(/\p{Zs}/gu, ' ');
  return bytes(normal) > MAX_BYTES ? { code: code.tooLong } : { normal };
}

/** Whether a new password has a space that not every keyboard can type. */
export function hasOddSpace(typed: string): boolean {
  return /[^\P{Zs} ]/u.test(typed);
}

/** The length as the policy counts it: Unicode scalar values. */
export function characters(normal: string): number {
  return [...normal].length;
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
