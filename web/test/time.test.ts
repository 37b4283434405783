import { expect, test } from 'vitest';

import { clock, moment, since, testedAt } from '../src/lib/time';

const at = (day: number, hour: number, minute: number, month = 10, year = 2025) =>
  new Date(year, month, day, hour, minute).getTime();

const now = at(5, 9, 0);

test('says today, yesterday, and then the day', () => {
  expect(moment(at(5, 0, 0), now)).toBe('today at 00:00');
  expect(moment(at(4, 9, 10), now)).toBe('yesterday at 09:10');
  expect(moment(at(3, 14, 32), now)).toBe('Mon 3 Nov, 14:32');
});

test('adds the year once it is another', () => {
  expect(moment(at(30, 23, 59, 11, 2024), now)).toBe('Mon 30 Dec 2024, 23:59');
  expect(since(at(30, 23, 59, 11, 2024), now)).toBe('30 Dec 2024');
});

test('knows yesterday across the end of a month and of a year', () => {
  expect(since(at(31, 12, 0, 9), at(1, 8, 0))).toBe('yesterday');
  expect(since(at(31, 23, 59, 11, 2024), at(1, 0, 1, 0))).toBe('yesterday');
});

test('shortens what stands after "tested" and "since"', () => {
  expect(testedAt(at(5, 8, 3), now)).toBe('08:03');
  expect(testedAt(at(4, 8, 3), now)).toBe('yesterday at 08:03');
  expect(since(at(5, 8, 3), now)).toBe('08:03');
  expect(since(at(3, 8, 3), now)).toBe('3 Nov');
  expect(clock(at(5, 8, 3))).toBe('08:03');
});
