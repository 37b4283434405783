// Estimates how hard a password is to guess: advice only, hence loaded late and apart from OPAQUE.

import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

import type { Estimate, Tip } from './strength';

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

self.addEventListener('message', (event: MessageEvent<{ typed: string; names: string[] }>) => {
  const { typed, names } = event.data;
  const { score, feedback } = estimator.check(typed, names);
  const level = Math.max(score - 1, 0);
  const estimate: Estimate = { level, tip: level < 3 ? tip(feedback.warning) : undefined };
  self.postMessage(estimate);
});

function tip(warning: string | null): Tip {
  switch (warning) {
    case 'dates':
    case 'recentYears':
      return 'dates';
    case 'sequences':
    case 'straightRow':
    case 'keyPattern':
      return 'rows';
    case 'simpleRepeat':
    case 'extendedRepeat':
      return 'repeats';
    default:
      return 'words';
  }
}
