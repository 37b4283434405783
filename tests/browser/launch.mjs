// How every program here starts the browser: the system's own, never one that is downloaded.

/** @type {import('playwright-core').LaunchOptions} */
export const launch = {
  executablePath: process.env['LOCKSTEP_CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** The same for everybody who reads a time on a page. */
export const place = { locale: 'en-GB', timezoneId: 'Europe/Berlin' };

/** Colours that are still on their way to others would be looked at as if they were final. */
export const still = { contextOptions: { reducedMotion: /** @type {const} */ ('reduce') } };
