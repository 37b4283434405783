// Runs OPAQUE off the page's thread: the key stretching takes a good part of a second.

import { Exchange, Refused } from './exchange';
import type { Question, Reply } from './messages';

const exchange = new Exchange();

self.addEventListener('message', (event: MessageEvent<Question>) => {
  const { id, ask } = event.data;
  const answer = (reply: Reply) => self.postMessage(reply);
  exchange.step(ask).then(
    (message) => answer({ id, message }),
    // Whatever the library throws is about a message it could not use.
    (error: unknown) =>
      answer({ id, refusal: error instanceof Refused ? error.refusal : 'unusable' }),
  );
});
