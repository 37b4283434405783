//! An app without a window costs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::Anna;

/// User and system time of all threads, in ticks (proc_pid_stat(5)).
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after) = stat.rsplit_once(") ").unwrap();
    let times = after.split(' ').skip(11).take(2);
    times.map(|time| time.parse::<u64>().unwrap()).sum()
}

/// How often each thread went to sleep.
fn sleeps(pid: u32) -> BTreeMap<String, u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let threads = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
    let figures = threads.map(|status| {
        let status = status.unwrap();
        let of = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap().trim().to_owned()
        };
        let slept = of("voluntary_ctxt_switches:").parse().unwrap();
        (format!("{} {}", of("Pid:"), of("Name:")), slept)
    });
    figures.collect()
}

#[test]
fn an_app_without_a_window_takes_no_time() {
    let Some(mut anna) = Anna::at_her_desk() else {
        return;
    };
    let app = anna.desk.app().unwrap();
    // Looking at it would cost it something.
    anna.desk
        .desktop
        .reader
        .tell(&json!({ "do": "pause" }))
        .unwrap();
    thread::sleep(Duration::from_secs(3));
    let (before, slept) = (ticks(app), sleeps(app));
    assert!(before > 0, "else it would mean nothing");
    thread::sleep(Duration::from_secs(60));
    let mut woke = sleeps(app);
    for (thread, slept) in slept {
        *woke.entry(thread).or_default() -= slept;
    }
    woke.retain(|_, times| *times > 0);
    assert_eq!(
        ticks(app) - before,
        0,
        "ticks in a minute; what woke: {woke:?}"
    );
}
