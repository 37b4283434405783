// How a computer and its stores stand: a shape, a tone and a word each, never colour alone.

import type { Computer, Standing, StoreRow } from './api/types';
import { since, testedAt } from './time';
import { states, stores } from './words';

export type Shape =
  'tick' | 'hollow' | 'half' | 'diamond' | 'triangle' | 'slashed' | 'dash' | 'disc';
export type Tone = 'ok' | 'muted' | 'accent' | 'warn' | 'bad';

export interface Sign {
  shape: Shape;
  tone: Tone;
  word: string;
}

const sign = (shape: Shape, tone: Tone, word: string): Sign => ({ shape, tone, word });

export function isMac(computer: Computer): boolean {
  return computer.system.startsWith('macOS');
}

export function storeName(kind: StoreRow['kind'], mac: boolean): string {
  if (kind === 'account') return stores.account;
  return stores[kind][mac ? 'mac' : 'other'];
}

export function storeSign(row: StoreRow, now: number): Sign {
  switch (row.state) {
    case 'in_sync':
      return sign('tick', 'ok', states.inSyncTested(testedAt(row.tested_at, now)));
    case 'waiting':
      return sign('hollow', 'muted', states.waiting);
    case 'changing':
      return sign('half', 'accent', states.changing);
    case 'testing':
      return sign('half', 'accent', states.testing);
    case 'needs_you':
      return sign('diamond', 'warn', states.needsYouSince(since(row.since, now)));
    case 'problem':
      return sign('triangle', 'bad', states.problem(row.code));
    case 'not_tested':
      return sign('dash', 'muted', states.notTested);
  }
}

export function standingSign(computer: Computer): Sign {
  const signs: Record<Standing, () => Sign> = {
    in_sync: () => sign('tick', 'ok', states.inSync),
    asks_now: () => sign('diamond', 'warn', states.asksNow),
    asks_when_online: () => sign('hollow', 'muted', states.asksWhenOnline),
    working: () => sign('half', 'accent', states.changing),
    problem: () => sign('triangle', 'bad', states.problem(firstCode(computer.stores))),
  };
  return signs[computer.standing]();
}

export function contactSign(computer: Computer, now: number): Sign {
  if (computer.online) return sign('disc', 'muted', states.online);
  const last = computer.last_contact;
  if (last === null || last === undefined) return sign('dash', 'muted', states.noContact);
  return sign('slashed', 'muted', states.offlineSince(since(last, now)));
}

/** Whether the computer waits for the person to type the new password there. */
export function needsPerson(standing: Standing): boolean {
  return standing === 'asks_now' || standing === 'asks_when_online';
}

function firstCode(rows: StoreRow[]): string {
  for (const row of rows) if (row.state === 'problem') return row.code;
  return '';
}
