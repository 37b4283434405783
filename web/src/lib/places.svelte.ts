import { api, body, done } from './api/client';
import { asTrouble, type Trouble } from './api/trouble';
import type { SessionRow, Sessions } from './api/types';
import { code } from './codes';
import { Line } from './live';
import { sessionEnded } from './session.svelte';

/** Where the person is signed in, kept current by the directory's event stream. */
export class Places {
  rows = $state.raw<SessionRow[] | undefined>();
  /** When `rows` was last known to be true. */
  asOf = $state(0);
  /** Whether the stream is down, so that `rows` may be behind. */
  stale = $state(false);
  /** Why there are no `rows` at all. */
  trouble = $state.raw<Trouble | undefined>();

  #closed = false;
  readonly #line = new Line<Sessions>('/api/v1/me/sessions/events', 'sessions', {
    heard: (told) => this.#accept(told),
    ask: () => this.#refresh(),
  });

  async follow(): Promise<void> {
    this.trouble = undefined;
    if ((await this.#refresh()) && !this.#closed) this.#line.open();
  }

  close(): void {
    this.#closed = true;
    this.#line.close();
  }

  /** Ends one session. */
  async end(session: string): Promise<void> {
    const params = { path: { session } };
    await this.#ended(done(api.DELETE('/api/v1/me/sessions/{session}', { params })));
  }

  /** Ends every session but this one. */
  async endOthers(): Promise<void> {
    await this.#ended(done(api.DELETE('/api/v1/me/sessions')));
  }

  async #ended(ending: Promise<void>): Promise<void> {
    try {
      await ending;
    } catch (error) {
      const trouble = asTrouble(error);
      if (trouble.code === code.signedOut) sessionEnded(trouble.endedBy);
      throw trouble;
    }
    await this.#refresh();
  }

  async #refresh(): Promise<boolean> {
    try {
      this.#accept(await body(api.GET('/api/v1/me/sessions')));
      return true;
    } catch (error) {
      const trouble = asTrouble(error);
      if (trouble.code === code.signedOut) sessionEnded(trouble.endedBy);
      else if (this.rows) this.stale = true;
      else this.trouble = trouble;
      return false;
    }
  }

  #accept(told: Sessions): void {
    this.rows = told.sessions;
    this.asOf = Date.now();
    this.stale = false;
    this.trouble = undefined;
  }
}
