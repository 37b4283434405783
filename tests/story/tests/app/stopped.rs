//! A sync that stops says why, and what it gives away for whoever helps holds no secret.

use lockstep_model::Code;
use lockstep_story::play::expect_opens;

use crate::support::Anna;

#[test]
fn the_details_of_a_sync_that_stopped_can_be_copied_and_hold_no_secret() {
    let Some(mut anna) = Anna::without_a_disk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes_and_is_asked(&second);
    let desk = &mut anna.desk;
    let device = &desk.computer.device;
    device.shell("usermod --lock anna").unwrap();
    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Sync stopped").unwrap();
    desk.reads("Your account on this computer is locked. Nothing was changed.")
        .unwrap();
    let code = Code::AccountLocked.to_string();
    desk.reads(&code).unwrap();
    desk.has_keyboard("Close").unwrap();
    desk.press("Copy details").unwrap();
    desk.reads("Copied.").unwrap();

    let device = &desk.computer.device;
    let details = desk.desktop.clipboard(device, "clipboard").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let versions = format!("Lockstep {version}, agent {version}, linux");
    for wanted in [format!("{code} at 2"), versions] {
        assert!(details.contains(&wanted), "no {wanted}: {details}");
    }
    assert!(anna.mark.find(details.as_bytes()).is_none(), "{details}");
    assert!(!details.contains("anna"), "it names her: {details}");
    desk.keys(&["Return"]).unwrap();
    desk.window_goes().unwrap();
    device.shell("usermod --unlock anna").unwrap();
    expect_opens(&desk.computer, &anna.first, &second).unwrap();
}
