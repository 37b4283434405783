/** The addresses that are pages. The directory answers 404 at any other (its `http/web.rs`). */
export const pages = [
  '/',
  '/activate',
  '/change',
  '/factor',
  '/forgot',
  '/not-me',
  '/reset',
  '/signin',
  '/signins',
] as const;

export type Page = (typeof pages)[number];
