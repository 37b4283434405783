import { code } from '../codes';
import { organisationName } from '../organisation.svelte';
import { faults } from '../words';
import type { Problem } from './types';

/** A request or a step that failed, in words for the person. */
export class Trouble extends Error {
  readonly code: string;
  readonly nextStep: string;

  constructor(code: string, sentence: string, nextStep: string) {
    super(sentence);
    this.name = 'Trouble';
    this.code = code;
    this.nextStep = nextStep;
  }

  static of(problem: Problem): Trouble {
    return new Trouble(problem.code, problem.sentence, problem.next_step);
  }
}

/** No answer at all: the network, or the directory is down. */
export function unreachable(): Trouble {
  const { sentence, nextStep } = faults.unreachable(organisationName());
  return new Trouble(code.unreachable, sentence, nextStep);
}

/** An answer that cannot be used, or parameters that are refused. */
export function unusable(): Trouble {
  const { sentence, nextStep } = faults.unusable(organisationName());
  return new Trouble(code.fault, sentence, nextStep);
}

export function asTrouble(error: unknown): Trouble {
  return error instanceof Trouble ? error : unusable();
}
