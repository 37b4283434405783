/** The first focus of a page: its first empty field, or its heading where it has none. */
export function firstFocus(page: HTMLElement): void {
  const fields = [...page.querySelectorAll<HTMLInputElement>('input:not([tabindex="-1"])')];
  const field = fields.find((input) => input.value === '');
  (field ?? page.querySelector('h1'))?.focus();
}
