import type { FieldFault } from '../form.svelte';
import { brokenRule, fieldFaults } from '../words';
import type { Verdict } from './rules';

export const newField = 'new-password';
export const repeatField = 'repeat-password';

/** What is wrong with a new password, under the field where it can be put right. */
export function newPasswordFaults(verdict: Verdict, minimum: number): FieldFault[] {
  if (verdict.length === 0) return [{ field: newField, text: fieldFaults.newPassword }];
  const broken = verdict.rules.filter((rule) => rule.state === 'broken').map((rule) => rule.id);
  const own = broken.find((id) => id !== 'same');
  const faults: FieldFault[] = [];
  if (own) faults.push({ field: newField, text: brokenRule(own, minimum, verdict.length) });
  if (broken.includes('same')) faults.push({ field: repeatField, text: fieldFaults.repeat });
  return faults;
}
