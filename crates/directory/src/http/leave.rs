//! A computer leaves by its own word: Lockstep is being removed from it.

use http::StatusCode;
use lockstep_model::Code;
use lockstep_protocol::api::Problem;

use super::actor::Origin;
use super::assertion::FromDevice;
use super::door::Door;
use super::now;
use super::problem::Refusal;
use crate::live::Topic;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::devices;

/// Lets a computer go: its bindings and shares are deleted, and its key may ask for nothing more.
#[utoipa::path(post, operation_id = "leave_directory", path = "/device/leave",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn leave(
    origin: Origin,
    Door(directory, FromDevice { device, body: () }): Door<FromDevice<()>>,
) -> Result<StatusCode, Refusal> {
    let at = now();
    let mut write = directory.storage.write().await?;
    let people = devices::revoke(&mut write, device.id, at)
        .await?
        .ok_or(Code::DeviceRefused)?;
    let entry = Entry {
        at,
        actor: &device.actor(),
        action: Action::DeviceLeft,
        subject: &device.name,
        address: &origin.address,
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    let concerned = people
        .into_iter()
        .map(Topic::Person)
        .chain([Topic::Device(device.id)]);
    directory
        .commit_and_tell(write, concerned.collect())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
