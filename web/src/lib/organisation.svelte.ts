import type { Organisation } from './api/types';

/** The organisation's words and rules; loaded before any page shows. */
export const organisation = $state<{ value: Organisation | undefined }>({ value: undefined });

/** How sentences call the directory. Before the name is known, the address has to do. */
export function organisationName(): string {
  return organisation.value?.name ?? location.host;
}

/** Whom sentences send people to. */
export function helpName(): string {
  return organisation.value?.it_contact.name ?? '';
}

/** The initials for the mark: of the first and the last word. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}
