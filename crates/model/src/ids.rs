//! Identities: each its own type, so that a device's id can never stand where a person's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Draws a new random id (UUID version 4, so that nothing can be read from it).
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A person in the directory; it never changes, whatever happens to the user name.
    PersonId
);
id!(
    /// An enrolled computer.
    DeviceId
);
id!(
    /// One person, one device, one local account; drawn by the device.
    BindingId
);
id!(
    /// One sealed copy of one generation's password; drawn by the device, so that a lost race or a
    /// second binding never overwrites another envelope.
    EnvelopeId
);
id!(
    /// One second factor of a person, from its enrolment to its end.
    FactorId
);
