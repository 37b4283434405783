/** The codes that the portal raises or tells apart; the directory may send any of the list. */
export const code = {
  unreachable: 'LS-1001',
  fault: 'LS-1002',
  signInRefused: 'LS-2001',
  notTheCurrentPassword: 'LS-2004',
  signedOut: 'LS-2007',
  linkSpent: 'LS-2009',
  signInAgain: 'LS-2015',
  factorRefused: 'LS-2018',
  noFactor: 'LS-2020',
  tooLong: 'LS-3002',
  badCharacters: 'LS-3006',
  blank: 'LS-3009',
} as const;
