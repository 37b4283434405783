//! A directory that goes away while somebody is asked.

use lockstep_story::play::expect_opens;

use crate::support::Anna;

#[test]
fn a_directory_that_stays_away_takes_the_question_along_and_brings_it_back() {
    let Some(mut anna) = Anna::without_a_disk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes_and_is_asked(&second);
    anna.world.directory.stop().unwrap();
    let desk = &mut anna.desk;
    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Can't reach Acme. Nothing was changed.")
        .unwrap();
    desk.reads_one("an empty field", |it| {
        it["name"] == "New password" && it["text"] == ""
    })
    .unwrap();
    desk.reads("You're offline").unwrap();
    desk.reads(
        "Your password changed. This computer asks you when it reaches Acme again. Until then use \
         your old password here.",
    )
    .unwrap();
    desk.has_keyboard("Close").unwrap();
    let read = desk.read();
    assert!(!read.iter().any(|it| it == "New password"), "{read:?}");
    desk.tray_says("offline, password change waiting").unwrap();
    desk.keys(&["Return"]).unwrap();
    desk.window_goes().unwrap();

    anna.world.directory.start(&anna.world.lab).unwrap();
    let desk = &mut anna.desk;
    let window = desk.window_comes().unwrap();
    desk.reads("Your password changed").unwrap();
    desk.activate(&window).unwrap();
    desk.fill("New password", &second).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.tray_says("in sync").unwrap();
    assert_eq!(desk.notifications().len(), 1, "{:?}", desk.notifications());
    expect_opens(&desk.computer, &second, &anna.first).unwrap();
}
