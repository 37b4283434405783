//! The work goes on behind a window that is hidden.

use lockstep_lab::Daemon;
use lockstep_story::desk::eventually;

use crate::support::Anna;

/// Has the lock of the account files (lckpwdf(3)) until it is killed: who changes accounts waits.
const HOLD: &str = r#"
use strict; use Fcntl; $| = 1;
open my $lock, '>>', '/etc/.pwd.lock' or die;
my $whole = pack 's s x4 q q l x4', F_WRLCK, 0, 0, 0, 0;
fcntl $lock, F_SETLKW, $whole or die;
print "held\n"; sleep;
"#;

#[test]
fn the_work_is_told_and_hidden_by_keys_and_its_end_comes_as_a_notification() {
    let Some(mut anna) = Anna::without_a_disk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes_and_is_asked(&second);
    let desk = &mut anna.desk;
    let device = &desk.computer.device;
    let mut hold = device.command("perl").unwrap();
    hold.args(["-e", HOLD]);
    let hold = Daemon::start(hold, &device.logs().join("hold.log")).unwrap();
    eventually("the lock", || Ok(hold.log().contains("held").then_some(()))).unwrap();
    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Bringing your computer in step…").unwrap();
    desk.reads_one("how far it is", |it| {
        let name = it["name"].as_str().unwrap_or_default();
        it["role"] == "progress bar" && name.starts_with("Step ")
    })
    .unwrap();
    desk.tray_says("working").unwrap();
    desk.has_keyboard("Hide").unwrap();
    desk.keys(&["Return"]).unwrap();
    desk.window_goes().unwrap();
    drop(hold);
    desk.notified("Your computer is in sync").unwrap();
    desk.tray_says("in sync").unwrap();
    assert!(desk.windows().unwrap().is_empty());
}
