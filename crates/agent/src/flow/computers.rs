//! Telling a person of their other computers: as the directory says now, or said last.

use std::rc::Rc;

use lockstep_client::{Fault, From};
use lockstep_model::{Code, Timestamp};
use lockstep_protocol::api::device::{ListComputers, OtherComputers};
use lockstep_protocol::api::me::Computer;
use lockstep_protocol::frame::MAX_FRAME;
use lockstep_protocol::local::{Event, Failure};

use super::failed;
use crate::agent::{Agent, Enrolled};
use crate::binding::{Binding, now};

/// What a frame holds beside the computers, generously.
const BESIDE: usize = 1024;

/// Lists the other computers of an account's person.
pub(crate) async fn list(agent: &Rc<Agent>, uid: u32) -> Result<Event, Failure> {
    let (computers, as_of) = look(agent, uid).await.map_err(failed)?;
    Ok(Event::Computers {
        computers: fitting(computers),
        as_of,
    })
}

async fn look(agent: &Rc<Agent>, uid: u32) -> Result<(Vec<Computer>, Timestamp), Fault> {
    let enrolled = agent.enrolled()?;
    let binding = agent.binding_of(uid)?;
    // Nobody waits for a directory that is known to be out of reach.
    if !*agent.online.borrow()
        && let Some(last) = binding.last_computers()
    {
        return Ok(last);
    }
    match ask(&enrolled, &binding).await {
        Ok(computers) => {
            let told = (computers, now());
            binding.note_computers(told.clone());
            Ok(told)
        }
        Err(fault) if is_out_of_reach(fault.code) => binding.last_computers().ok_or(fault),
        Err(fault) => Err(fault),
    }
}

async fn ask(enrolled: &Enrolled, binding: &Binding) -> Result<Vec<Computer>, Fault> {
    let from = From::Device(&enrolled.identity.key);
    let ask = ListComputers {
        binding: binding.file.binding,
    };
    let answer: OtherComputers = enrolled.client.ask(from, "/device/computers", &ask).await?;
    Ok(answer.computers)
}

const fn is_out_of_reach(code: Code) -> bool {
    matches!(
        code,
        Code::DirectoryUnreachable | Code::DirectoryFault | Code::ProxyRefused
    )
}

/// As many as one frame carries: who has more of them than that is told of the first.
fn fitting(mut computers: Vec<Computer>) -> Vec<Computer> {
    let room = MAX_FRAME - BESIDE;
    let length = |computer: &Computer| serde_json::to_vec(computer).map_or(room, |text| text.len());
    let mut taken = 0;
    let fits = computers.iter().take_while(|computer| {
        taken += length(computer) + 1;
        taken <= room
    });
    let fits = fits.count();
    computers.truncate(fits);
    computers
}

#[cfg(test)]
mod tests {
    use lockstep_model::DeviceId;
    use lockstep_protocol::api::me::Standing;
    use lockstep_protocol::frame::Frame;

    use super::*;

    fn computer(name: &str) -> Computer {
        Computer {
            device: DeviceId::fresh(),
            name: name.to_owned(),
            system: "Debian 12".into(),
            account: "anna".into(),
            standing: Standing::InSync,
            stores: Vec::new(),
            last_contact: Some(Timestamp(i64::MAX)),
            online: true,
        }
    }

    #[test]
    fn a_frame_carries_whatever_is_told() {
        let few = vec![computer("desk"), computer("laptop")];
        assert_eq!(fitting(few.clone()), few);
        let many: Vec<Computer> = (0..1000)
            .map(|number| computer(&format!("{number}{}", "\u{1}".repeat(128))))
            .collect();
        let computers = fitting(many.clone());
        assert!(computers.len() > 20 && computers.len() < many.len());
        assert_eq!(computers, many[..computers.len()]);
        let event = Event::Computers {
            computers,
            as_of: Timestamp(i64::MAX),
        };
        Frame::json(&event).unwrap();
    }
}
