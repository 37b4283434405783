//! Who is asking: the kernel's word on the other end of the socket, and nothing else.

mod sys;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use lockstep_model::Code;
use lockstep_stores::Refusal;
use lockstep_stores::linux::Etc;

/// The account that the agent runs as.
pub(crate) const AGENT: &str = "lockstep";

/// Whose process is on the other end, as the kernel says.
pub(crate) fn uid(stream: &UnixStream) -> std::io::Result<u32> {
    sys::uid(stream.as_fd())
}

/// Refuses peers that are neither root nor the agent.
pub(crate) fn check(stream: &UnixStream) -> Result<(), Refusal> {
    let uid = sys::uid(stream.as_fd()).map_err(|fault| {
        Refusal::new(
            Code::HelperRefused,
            format!("standard input is no unix socket: {fault}"),
        )
    })?;
    judge(&Etc::default(), uid)
}

fn judge(etc: &Etc, uid: u32) -> Result<(), Refusal> {
    if uid == 0 {
        return Ok(());
    }
    let agent = etc
        .account_by_name(AGENT)
        .map_err(|fault| Refusal::new(Code::StateUnreadable, fault.to_string()))?;
    if agent.is_some_and(|agent| agent.uid == uid) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::HelperRefused,
        format!("uid {uid} is not the agent's"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_the_agent_are_served_and_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let etc = Etc::at(directory.path());
        let passwd = directory.path().join("passwd");
        std::fs::write(&passwd, "anna:x:1000:1000::/:/bin/sh\n").unwrap();
        assert_eq!(judge(&etc, 0), Ok(()));
        assert_eq!(judge(&etc, 998).unwrap_err().code, Code::HelperRefused);
        std::fs::write(
            &passwd,
            "anna:x:1000:1000::/:/bin/sh\nlockstep:x:998:998::/:/bin/false\n",
        )
        .unwrap();
        assert_eq!(judge(&etc, 998), Ok(()));
        assert_eq!(judge(&etc, 1000).unwrap_err().code, Code::HelperRefused);
    }
}
