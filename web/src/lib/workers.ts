import opaqueUrl from './opaque/opaque.worker?worker&url';
import strengthUrl from './password/strength.worker?worker&url';

interface ScriptPolicy {
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

declare global {
  interface Window {
    trustedTypes?: TrustedTypes;
  }
}

const scripts = { opaque: opaqueUrl, strength: strengthUrl };

// The only policy that the page may make: it lets these two scripts through and no other.
const policy = window.trustedTypes?.createPolicy('lockstep-worker', {
  createScriptURL(url) {
    if (Object.values(scripts).includes(url)) return url;
    throw new TypeError('not a script of the portal');
  },
});

export function startWorker(name: keyof typeof scripts): Worker {
  const url = scripts[name];
  return new Worker(policy?.createScriptURL(url) ?? url, { type: 'module' });
}
