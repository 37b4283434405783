//! A computer that was set up for the organisation is linked by its person.

use lockstep_story::desk::Desk;
use lockstep_story::play::expect_all_open;

use crate::support::Anna;

/// The phrase that is suggested, once it is another one.
fn suggested(desk: &Desk, other: &str) -> String {
    let field = desk.reads_one("a suggestion", |it| {
        let text = it["text"].as_str().unwrap_or_default();
        it["name"] == "Your phrase" && text.split(' ').count() == 3 && text != other
    });
    field.unwrap()["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_computer_is_linked_by_the_app_and_shows_the_phrase_from_then_on() {
    let Some(mut anna) = Anna::before_linking() else {
        return;
    };
    let (before, first, desk) = (&anna.before, &anna.first, &mut anna.desk);
    desk.choose("Set up…").unwrap();
    let window = desk.window_comes().unwrap();
    desk.activate(&window).unwrap();
    desk.reads("Link this computer to Acme").unwrap();
    desk.reads("Is this your organisation?").unwrap();
    desk.press("Yes").unwrap();
    desk.fill("User name", "anna").unwrap();
    desk.fill("Acme password", first).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Keep the disk in step, too?").unwrap();
    desk.press("Yes").unwrap();
    desk.fill("Password of this computer", before).unwrap();
    desk.press("Next").unwrap();

    desk.reads("Choose a phrase").unwrap();
    let suggestion = suggested(desk, "");
    desk.press("Another").unwrap();
    let phrase = suggested(desk, &suggestion);
    desk.press("Use it").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.press("Done").unwrap();
    desk.window_goes().unwrap();
    desk.tray_says("in sync").unwrap();

    desk.choose("Change password…").unwrap();
    desk.reads(&format!("Your phrase: {phrase}")).unwrap();
    let binding = desk.computer.status().unwrap().binding.unwrap();
    assert_eq!(binding.phrase, Some(phrase));
    let (before, first) = (anna.before, anna.first);
    expect_all_open(&anna.desk.log_out(), &first, &before).unwrap();
}
