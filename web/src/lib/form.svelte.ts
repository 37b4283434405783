import { tick } from 'svelte';

import { asTrouble, type Trouble } from './api/trouble';

export interface FieldFault {
  /** The id of the field's input. */
  field: string;
  text: string;
}

interface Steps {
  /** What is wrong with what was typed. */
  check: () => FieldFault[];
  /** What the button does once nothing is. */
  act: () => Promise<void>;
  /** Empties fields after a failure, and says which of them is at fault. */
  failed: (trouble: Trouble) => FieldFault[];
}

/** A form's one button: it can always be pressed, and then leads to the first fault. */
export class Form {
  busy = $state(false);
  /** Whether it was pressed with something amiss, so that unmet rules become faults. */
  pressed = $state(false);
  faults = $state.raw<FieldFault[]>([]);
  trouble = $state.raw<Trouble | undefined>();

  fault(field: string): string | undefined {
    return this.faults.find((fault) => fault.field === field)?.text;
  }

  /** Typing into a field takes its fault away. */
  typed(field: string): void {
    if (this.fault(field)) this.faults = this.faults.filter((fault) => fault.field !== field);
  }

  async press({ check, act, failed }: Steps): Promise<void> {
    if (this.busy) return;
    this.trouble = undefined;
    this.faults = check();
    this.pressed = this.faults.length > 0;
    if (this.pressed) return this.#lead();
    this.busy = true;
    try {
      await act();
    } catch (error) {
      const trouble = asTrouble(error);
      this.faults = failed(trouble);
      if (this.faults.length === 0) this.trouble = trouble;
      await this.#lead();
    } finally {
      this.busy = false;
    }
  }

  async #lead(): Promise<void> {
    await tick();
    const first = this.faults[0];
    if (first) document.getElementById(first.field)?.focus();
  }
}
