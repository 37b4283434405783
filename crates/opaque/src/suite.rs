//! The cipher suite.

use crate::stretch::Stretch;
#[cfg(any(feature = "client", feature = "server"))]
use crate::{Identifiers, SessionKey};

pub(crate) struct Suite;

impl opaque_ke::CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = Stretch;
}

#[cfg(any(feature = "client", feature = "server"))]
impl<'a> Identifiers<'a> {
    pub(crate) const fn as_opaque(&self) -> opaque_ke::Identifiers<'a> {
        opaque_ke::Identifiers {
            client: Some(self.client.as_bytes()),
            server: Some(self.server.as_bytes()),
        }
    }
}

#[cfg(any(feature = "client", feature = "server"))]
impl SessionKey {
    pub(crate) fn take(mut bytes: impl AsMut<[u8]>) -> Self {
        let secret = lockstep_model::Secret::copy_of(bytes.as_mut());
        zeroize::Zeroize::zeroize(bytes.as_mut());
        Self(secret)
    }
}
