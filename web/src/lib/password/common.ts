// The first passwords that anybody would guess; the same rule as in the Rust crate `model`.

import list from '../../../../crates/model/vectors/common-words.txt?raw';

const words = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

// ASCII digits, ASCII punctuation and the space.
const PADDING = /^[ -@[-`{-~]+|[ -@[-`{-~]+$/g;

/**
 * Whether a password in lower case is common: repetitions of listed words with digits around
 * them, at most two different characters, or a run of neighbours in the alphabet.
 */
export function isCommon(lower: string): boolean {
  const points = [...lower].map((character) => character.codePointAt(0) ?? 0);
  const steps = points.filter((point, i) => i > 0 && Math.abs(point - (points[i - 1] ?? 0)) === 1);
  if (new Set(points).size <= 2 || steps.length + 1 >= points.length) return true;
  let rest = lower;
  for (;;) {
    rest = rest.replace(PADDING, '');
    if (rest === '') return true;
    const word = words.find((candidate) => rest.startsWith(candidate));
    if (word === undefined) return false;
    rest = rest.slice(word.length);
  }
}
