// The event stream, under the test's hand: interception can't keep a stream open.

import type { Page } from '@playwright/test';

import type { Me } from './data.ts';

declare global {
  interface Window {
    fakeStream?: EventTarget & { readyState: number };
  }
}

export async function fakeStream(page: Page): Promise<void> {
  await page.addInitScript(() => {
    class FakeStream extends EventTarget {
      static readonly CLOSED = 2;
      readyState = 1;
      constructor() {
        super();
        window.fakeStream = this;
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
  await page.evaluate((data) => {
    window.fakeStream?.dispatchEvent(new MessageEvent('me', { data }));
  }, JSON.stringify(me));
}

/** The connection breaks; the browser would try again by itself. */
export async function breakStream(page: Page): Promise<void> {
  await page.evaluate(() => {
    if (!window.fakeStream) return;
    window.fakeStream.readyState = 0;
    window.fakeStream.dispatchEvent(new Event('error'));
  });
}
