//! Doors: a handler gets the directory together with the actor who was let in, and in no other way.
//!
//! **Architecture invariant:** what is for signed-in people, for admins or for computers is routed
//! with [`Behind`] as its state, whose directory no handler can reach. Only [`Door`] takes it out,
//! after it has judged who asks. A handler that forgets to name its actor, or names one of another
//! side, has no directory to ask and does not compile. What is for anybody stands apart in
//! [`super::public`] and [`super::activation`].

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;

use super::assertion::Unasserted;
use super::problem::Refusal;
use super::{Directory, Shared};

/// The side of signed-in people.
pub(super) enum People {}
/// The side of those who administer the directory.
pub(super) enum Admins {}
/// The side of computers.
pub(super) enum Computers {}

/// The directory, shut behind the door of one side.
pub(super) struct Behind<Side> {
    directory: Shared,
    side: PhantomData<fn() -> Side>,
}

impl<Side> Behind<Side> {
    pub(super) fn new(directory: &Shared) -> Self {
        Self {
            directory: Arc::clone(directory),
            side: PhantomData,
        }
    }
}

impl<Side> Clone for Behind<Side> {
    fn clone(&self) -> Self {
        Self::new(&self.directory)
    }
}

/// Somebody whose request says by its head who they are.
pub(super) trait Actor: Sized + Send {
    /// Where they are let in.
    type Side;

    /// Judges who asks.
    fn judge(
        parts: &Parts,
        directory: &Directory,
    ) -> impl Future<Output = Result<Self, Refusal>> + Send;
}

/// A computer, which signs its whole request.
pub(super) trait Computer: Sized + Send {
    /// Judges who asks.
    fn judge(
        request: Request,
        directory: &Directory,
    ) -> impl Future<Output = Result<Self, Unasserted>> + Send;
}

/// The directory, and who was let in to it.
pub(super) struct Door<A>(pub(super) Shared, pub(super) A);

impl<A: Actor> FromRequestParts<Behind<A::Side>> for Door<A> {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        behind: &Behind<A::Side>,
    ) -> Result<Self, Refusal> {
        let actor = A::judge(parts, &behind.directory).await?;
        Ok(Self(Arc::clone(&behind.directory), actor))
    }
}

impl<A: Computer> FromRequest<Behind<Computers>> for Door<A> {
    type Rejection = Unasserted;

    async fn from_request(
        request: Request,
        behind: &Behind<Computers>,
    ) -> Result<Self, Unasserted> {
        let actor = A::judge(request, &behind.directory).await?;
        Ok(Self(Arc::clone(&behind.directory), actor))
    }
}
