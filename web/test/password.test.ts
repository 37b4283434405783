import { expect, test } from 'vitest';

import vectors from '../../crates/model/vectors/passwords.json';
import { code } from '../src/lib/codes';
import { isCommon } from '../src/lib/password/common';
import { newPasswordFaults } from '../src/lib/password/faults';
import { normalise } from '../src/lib/password/normalise';
import { judge, type RuleId } from '../src/lib/password/rules';

const policy = { min_length: 15 };
const names = { userName: 'anna', displayName: 'Anna Li Bergström' };

// The order in which the Rust crate `model` looks for the first broken rule.
const refusals: [RuleId, string][] = [
  ['long', 'LS-3002'],
  ['characters', 'LS-3006'],
  ['length', 'LS-3001'],
  ['common', 'LS-3003'],
  ['name', 'LS-3004'],
];

function refusal(next: string): string | undefined {
  const { rules } = judge({ next, repeat: next }, policy, names);
  const broken = rules.filter((rule) => rule.state !== 'met').map((rule) => rule.id);
  return refusals.find(([id]) => broken.includes(id))?.[1];
}

function state(id: RuleId, typed: { next: string; repeat: string; current?: string }) {
  return judge(typed, policy, names).rules.find((rule) => rule.id === id)?.state;
}

test.each(vectors.normalise)('normalises $typed as the shared vectors say', (vector) => {
  const want = vector.normal === undefined ? { code: vector.code } : { normal: vector.normal };
  expect(normalise(vector.typed)).toEqual(want);
});

test.each(vectors.choose)('judges $typed as the shared vectors say', (vector) => {
  expect(refusal(vector.typed)).toBe(vector.code ?? undefined);
});

test('refuses unpaired surrogates, which would become another character', () => {
  expect(normalise('correct \ud800 horse')).toEqual({ code: code.badCharacters });
});

test('takes 255 bytes after normalisation, and no more', () => {
  expect(normalise('x'.repeat(255))).toHaveProperty('normal');
  expect(normalise('x'.repeat(256))).toEqual({ code: code.tooLong });
  expect(normalise('e\u0301'.repeat(127))).toHaveProperty('normal');
  expect(refusal('🦊'.repeat(64))).toBe('LS-3002');
});

test('counts characters as Unicode scalar values of the normal form', () => {
  expect(judge({ next: 'e\u0301👍🏽', repeat: '' }, policy, names).length).toBe(3);
});

test('judges nothing before something is typed', () => {
  const { rules } = judge({ current: '', next: '', repeat: '' }, policy, names);
  expect(rules.map((rule) => rule.state)).toEqual(['open', 'open', 'open', 'open', 'open']);
});

test('compares with the current and the repeated password in normal form', () => {
  const next = 'une longue journe\u0301e';
  expect(state('same', { next, repeat: 'une longue journ\u00e9e' })).toBe('met');
  expect(state('same', { next, repeat: 'une longue' })).toBe('broken');
  expect(state('current', { next, repeat: '', current: 'une longue journ\u00e9e' })).toBe('broken');
  expect(state('current', { next, repeat: '', current: 'something else' })).toBe('met');
  expect(state('current', { next, repeat: '', current: '' })).toBe('open');
  expect(state('current', { next, repeat: '' })).toBeUndefined();
});

test('puts each fault under the field where it can be put right', () => {
  const faults = (next: string, repeat: string, current?: string) =>
    newPasswordFaults(
      judge(current === undefined ? { next, repeat } : { next, repeat, current }, policy, names),
      policy.min_length,
    );
  expect(faults('', '')).toEqual([{ field: 'new-password', text: 'Type a new password.' }]);
  expect(faults('too short', 'too')).toEqual([
    { field: 'new-password', text: 'At least 15 characters (9 so far)' },
    { field: 'repeat-password', text: 'The two new passwords differ.' },
  ]);
  expect(faults('correct horse battery', 'correct horse battery', '')).toEqual([]);
});

test('knows every listed word alone, repeated and padded', () => {
  expect(isCommon('chocolate')).toBe(true);
  expect(isCommon('2024!chocolate chocolate99')).toBe(true);
  expect(isCommon('chocolate teapot')).toBe(false);
});
