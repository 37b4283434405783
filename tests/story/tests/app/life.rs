//! One app per log-in, one window, one notification a change, through restarts of the agent.

use lockstep_story::desk::eventually;
use lockstep_story::play::expect_opens;

use crate::support::Anna;

const CHANGED: &str = "Your Acme password changed";

#[test]
fn a_second_start_opens_the_status_of_the_first() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let app = anna.desk.app().unwrap();
    let desk = &mut anna.desk;
    desk.starts_again().unwrap();
    let window = desk.window_comes().unwrap();
    desk.reads("This computer is in sync.").unwrap();
    let running = desk.computer.device.shell("pidof lockstep-app | wc -w");
    assert_eq!(running.unwrap().trim(), "1");
    assert_eq!(desk.app().unwrap(), app);
    desk.starts_again().unwrap();
    assert_eq!(desk.window_comes().unwrap(), window);
    // Who asked for it gets the keyboard.
    eventually("the window has the keyboard", || {
        Ok((desk.active()? == window).then_some(()))
    })
    .unwrap();
    desk.keys(&["Escape"]).unwrap();
    desk.window_goes().unwrap();

    for (entry, heading) in [
        ("Status…", "This computer is in sync."),
        ("Change password…", "Change password"),
        ("Get help…", "Get help"),
        ("About Lockstep", "About Lockstep"),
    ] {
        assert!(
            desk.menu().iter().any(|it| it == entry),
            "{:?}",
            desk.menu()
        );
        desk.choose(entry).unwrap();
        desk.window_comes().unwrap();
        desk.reads_one(heading, |it| it["name"] == heading && it["role"] == "label")
            .unwrap();
    }
    desk.choose("Quit Lockstep").unwrap();
    eventually("the app ends", || {
        Ok(desk
            .desktop
            .app()
            .map(|app| app.ended())
            .transpose()?
            .flatten())
    })
    .unwrap();
}

#[test]
fn later_closes_the_window_and_changes_nothing_else() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let [second, third] = ["second", "third"].map(|name| anna.mark.typed(name));
    anna.changes(&anna.first, &second);
    let desk = &mut anna.desk;
    desk.window_comes().unwrap();
    let notice = desk.notified(CHANGED).unwrap();
    let body = notice["body"].as_str().unwrap();
    assert!(body.starts_with("Today at "), "{notice}");
    assert!(
        body.ends_with(" in the portal. Confirm it on this computer."),
        "{notice}"
    );
    assert_eq!(notice["actions"][0][1], "Open", "{notice}");
    assert_eq!(notice["actions"][1][1], "Later", "{notice}");
    desk.press("Later").unwrap();
    desk.window_goes().unwrap();
    desk.notification_closes().unwrap();
    desk.tray_says("confirm your new password").unwrap();
    expect_opens(&desk.computer, &anna.first, &second).unwrap();

    // An agent that starts anew is no news.
    desk.computer.device.agent().unwrap().kill().unwrap();
    desk.tray_says("offline, password change waiting").unwrap();
    desk.computer.device.start_agent().unwrap();
    desk.tray_says("confirm your new password").unwrap();
    assert!(desk.windows().unwrap().is_empty());
    assert_eq!(desk.notifications().len(), 1, "{:?}", desk.notifications());

    // A newer change is. While its window is open, another one opens no second.
    anna.changes(&second, &third);
    let desk = &mut anna.desk;
    let window = desk.window_comes().unwrap();
    eventually("the second notification", || {
        Ok((desk.notifications().len() == 2).then_some(()))
    })
    .unwrap();
    let fourth = anna.mark.typed("fourth");
    anna.changes(&third, &fourth);
    let desk = &mut anna.desk;
    let heard = |_: &_, binding: &lockstep_protocol::local::BindingStatus| {
        binding.generation == Some(lockstep_model::Generation(4))
    };
    desk.computer.wait_for("generation 4", heard).unwrap();
    desk.choose("Confirm new password…").unwrap();
    assert_eq!(desk.window_comes().unwrap(), window);
    desk.activate(&window).unwrap();
    desk.fill("New password", &fourth).unwrap();
    desk.press("Next").unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.tray_says("in sync").unwrap();
    assert_eq!(desk.notifications().len(), 2, "{:?}", desk.notifications());
    expect_opens(&desk.computer, &fourth, &anna.first).unwrap();
}

#[test]
fn a_notification_opens_the_window_that_it_tells_of() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let second = anna.mark.typed("second");
    anna.changes(&anna.first, &second);
    let desk = &mut anna.desk;
    let window = desk.window_comes().unwrap();
    desk.notified(CHANGED).unwrap();
    desk.activate(&window).unwrap();
    desk.keys(&["ctrl+w"]).unwrap();
    desk.window_goes().unwrap();
    desk.choose("Confirm new password…").unwrap();
    desk.window_comes().unwrap();
    desk.reads("Your password changed").unwrap();
}
