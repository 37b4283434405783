// What a new password has to be, judged while it is typed.

import type { Policy } from '../api/types';
import { code } from '../codes';
import { isCommon } from './common';
import { characters, hasOddSpace, normalise } from './normalise';

export interface Names {
  userName: string;
  displayName: string;
}

/** What is in the fields; `current` only where a password is replaced. */
export interface Typed {
  next: string;
  repeat: string;
  current?: string;
}

export type RuleId = 'length' | 'common' | 'name' | 'current' | 'same' | 'characters' | 'long';

export interface Rule {
  id: RuleId;
  /** Open: there is nothing yet that could meet or break it. */
  state: 'open' | 'met' | 'broken';
}

export interface Verdict {
  rules: Rule[];
  /** The characters so far. */
  length: number;
}

/** Every rule in the order in which it is shown. */
export function judge(typed: Typed, policy: Policy, names: Names): Verdict {
  const outcome = normalise(typed.next);
  const normal = 'normal' in outcome ? outcome.normal : typed.next.normalize('NFC');
  const length = characters(normal);
  const lower = normal.toLowerCase();
  const some = length > 0;
  const { current } = typed;
  const rule = (id: RuleId, met: boolean, judged = some): Rule => ({
    id,
    state: judged ? (met ? 'met' : 'broken') : 'open',
  });
  const rules = [
    rule('length', length >= policy.min_length),
    rule('common', !isCommon(lower)),
    rule('name', !containsName(lower, names)),
  ];
  if (current !== undefined) {
    rules.push(rule('current', !samePassword(current, typed.next), some && current !== ''));
  }
  rules.push(rule('same', samePassword(typed.next, typed.repeat)));
  // These two are so seldom broken that they only show when they are.
  const fault = 'code' in outcome ? outcome.code : undefined;
  if (hasOddSpace(typed.next) || fault === code.badCharacters)
    rules.push(rule('characters', false));
  if (fault === code.tooLong) rules.push(rule('long', false));
  return { rules, length };
}

function samePassword(one: string, other: string): boolean {
  const [a, b] = [normalise(one), normalise(other)];
  return 'normal' in a && 'normal' in b ? a.normal === b.normal : one === other;
}

function containsName(lower: string, names: Names): boolean {
  return [names.userName, ...names.displayName.split(/\s+/)]
    .map((word) => word.toLowerCase())
    .filter((word) => characters(word) >= 3)
    .some((word) => lower.includes(word));
}
