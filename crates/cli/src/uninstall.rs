//! `lockstep uninstall`: takes Lockstep off this computer, and says what remains.

use lockstep_client::Fault;
use lockstep_model::Code;
use lockstep_protocol::local::Ask;

use crate::show::Show;
use crate::{Stopped, person, question};

/// Gives every binding up, tells the directory, and has everything erased.
pub(crate) fn run(yes: bool, show: &Show) -> Result<(), Stopped> {
    // Said before the question, not after it.
    if !rustix::process::geteuid().is_root() {
        return Err(Fault::new(Code::AdministratorNeeded, "uninstall").into());
    }
    show.note(
        "Every account on this computer stops following the directory and keeps the password \
         that it has. The computer's key and its sealed copies of passwords are erased.",
    );
    if !yes && !question::confirm("Take Lockstep off this computer?")? {
        show.note("Nothing was changed.");
        return Ok(());
    }
    person::exchange_without_questions(Ask::Retire, show)
}
