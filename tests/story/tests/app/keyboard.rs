//! A change, by keys alone; the window takes none that are not for it.

use std::process::Command;
use std::thread;
use std::time::Duration;

use lockstep_lab::Daemon;
use lockstep_story::desk::eventually;
use lockstep_story::play::expect_all_open;

use crate::support::Anna;

/// The title of the window of xev(1), which prints the keys that it gets.
const OTHER: &str = "^Event Tester$";

/// The uppermost window.
fn in_front(mut xprop: Command) -> String {
    xprop.args(["-root", "_NET_CLIENT_LIST_STACKING"]);
    let said = String::from_utf8(xprop.output().unwrap().stdout).unwrap();
    let uppermost = said.trim().rsplit("0x").next().unwrap();
    u32::from_str_radix(uppermost, 16).unwrap().to_string()
}

#[test]
fn a_changed_password_is_confirmed_by_keys_alone() {
    let Some(anna) = Anna::at_her_desk() else {
        return;
    };
    let desk = &anna.desk;
    assert!(desk.windows().unwrap().is_empty(), "it starts hidden");
    let device = &desk.computer.device;
    let other = desk.desktop.command(device, "xev").unwrap();
    let other = Daemon::start(other, &device.logs().join("xev.log")).unwrap();
    let others_window = eventually("another window", || {
        Ok(desk.desktop.windows(device, OTHER)?.pop())
    });
    let others_window = others_window.unwrap();
    desk.activate(&others_window).unwrap();

    let second = anna.mark.typed("second");
    anna.changes(&anna.first, &second);
    let window = desk.window_comes().unwrap();
    desk.tray_says("confirm your new password").unwrap();
    desk.reads("Your password changed").unwrap();
    // It has been mapped, drawn, and laid out anew: what takes the keyboard has taken it by now.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(
        desk.active().unwrap(),
        others_window,
        "the keyboard was taken"
    );
    let stacked = desk.desktop.command(device, "xprop").unwrap();
    assert_eq!(in_front(stacked), window, "it is not in front");
    desk.types("qqq").unwrap();
    eventually("the keys in the other window", || {
        let keys = other
            .log()
            .matches("XLookupString gives 1 bytes: (71) \"q\"")
            .count();
        Ok((keys >= 3).then_some(()))
    })
    .unwrap();
    let field = desk.reads("New password").unwrap();
    assert_eq!(field["text"], "", "{field}");
    let title = desk.xdotool(&["getwindowname", &window]).unwrap();
    assert_eq!(title, "Acme – Lockstep");

    desk.activate(&window).unwrap();
    desk.has_keyboard("New password").unwrap();
    desk.types(&second).unwrap();
    desk.keys(&["Return"]).unwrap();
    desk.reads("Your computer is in sync").unwrap();
    desk.tray_says("in sync").unwrap();
    desk.notification_closes().unwrap();
    desk.has_keyboard("Done").unwrap();
    desk.keys(&["Return"]).unwrap();
    desk.window_goes().unwrap();
    assert_eq!(desk.notifications().len(), 1, "{:?}", desk.notifications());

    let first = anna.first;
    let computer = anna.desk.log_out();
    expect_all_open(&computer, &second, &first).unwrap();
}
