// The event streams, under the test's hand: interception can't keep a stream open.

import type { Page } from '@playwright/test';

import type { Me, SessionRow } from './data.ts';

declare global {
  interface Window {
    fakeStreams: Map<string, EventTarget & { readyState: number }>;
  }
}

export async function fakeStream(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.fakeStreams = new Map();
    class FakeStream extends EventTarget {
      static readonly CLOSED = 2;
      readyState = 1;
      constructor(address: string) {
        super();
        window.fakeStreams.set(address, this);
      }
      close() {
        this.readyState = 2;
      }
    }
    Object.assign(window, { EventSource: FakeStream });
  });
}

/** The directory tells how things stand now. */
export async function tell(page: Page, me: Me): Promise<void> {
  await say(page, '/api/v1/me/events', 'me', me);
}

/** The directory tells where the person is signed in now. */
export async function tellSessions(page: Page, sessions: SessionRow[]): Promise<void> {
  await say(page, '/api/v1/me/sessions/events', 'sessions', { sessions });
}

/** The connection breaks; the browser would try again by itself. */
export async function breakStream(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const stream of window.fakeStreams.values()) {
      if (stream.readyState === 2) continue;
      stream.readyState = 0;
      stream.dispatchEvent(new Event('error'));
    }
  });
}

async function say(page: Page, address: string, event: string, told: object): Promise<void> {
  const message = { address, event, data: JSON.stringify(told) };
  await page.waitForFunction((at) => window.fakeStreams.has(at), address);
  await page.evaluate(({ address, event, data }) => {
    window.fakeStreams.get(address)?.dispatchEvent(new MessageEvent(event, { data }));
  }, message);
}
