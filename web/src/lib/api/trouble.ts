import { code } from '../codes';
import { organisationName } from '../organisation.svelte';
import { faults, type Fault } from '../words';
import type { Problem, Provenance } from './types';

/** A request or a step that failed, in words for the person. */
export class Trouble extends Error {
  readonly code: string;
  readonly nextStep: string;
  /** Whether only the IT contact can help. */
  readonly needsHelp: boolean;
  /** The change of the password that ended the session, if that is why. */
  readonly endedBy: Provenance | undefined;

  constructor(code: string, { sentence, nextStep }: Fault, problem?: Problem) {
    super(sentence);
    this.name = 'Trouble';
    this.code = code;
    this.nextStep = nextStep;
    this.needsHelp = problem?.retry === 'never';
    this.endedBy = problem?.ended_by ?? undefined;
  }

  /** What the directory said; and for how many seconds to wait, if it said that. */
  static of(problem: Problem, wait?: number): Trouble {
    const nextStep = wait === undefined ? problem.next_step : faults.wait(wait);
    return new Trouble(problem.code, { sentence: problem.sentence, nextStep }, problem);
  }
}

/** No answer at all: the network, or the directory is down. */
export function unreachable(): Trouble {
  return new Trouble(code.unreachable, faults.unreachable(organisationName()));
}

/** An answer that cannot be used, or parameters that are refused. */
export function unusable(): Trouble {
  return new Trouble(code.fault, faults.unusable(organisationName()));
}

export function asTrouble(error: unknown): Trouble {
  return error instanceof Trouble ? error : unusable();
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof Trouble && error.code === code.unreachable;
}
