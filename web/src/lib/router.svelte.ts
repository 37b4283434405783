// The portal has a handful of pages; a router of its own is smaller than any library.

import { pages, type Page } from './pages';

const current = $state({ path: location.pathname });

/** The page at the present address, or none. */
export function page(): Page | undefined {
  return pages.find((known) => known === current.path);
}

export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  current.path = location.pathname;
  window.scrollTo(0, 0);
}

const START = '/';
/** The pages, beside the first, that a sign-in leads back to. */
const kept: readonly Page[] = ['/change', '/factor', '/signins'];

/** Goes to the sign-in, to come back to this page afterwards. */
export function goToSignIn(): void {
  const from = page();
  const back = from && kept.includes(from) ? `?next=${encodeURIComponent(from)}` : '';
  go(`/signin${back}`, 'replace');
}

/** Where to go after the sign-in: only ever a page of the portal. */
export function pageAfterSignIn(): Page {
  const next = new URLSearchParams(location.search).get('next');
  return kept.find((known) => known === next) ?? START;
}

/** Follows the browser's buttons, and links to pages without loading anything. */
export function followLinks(): () => void {
  const popped = () => {
    current.path = location.pathname;
  };
  const clicked = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.button !== 0 || event.defaultPrevented) return;
    if (link.origin !== location.origin || link.target || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  };
  window.addEventListener('popstate', popped);
  document.addEventListener('click', clicked);
  return () => {
    window.removeEventListener('popstate', popped);
    document.removeEventListener('click', clicked);
  };
}
