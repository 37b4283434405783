//! What can be measured, in small: that it works, not how fast it is.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lockstep_load::directory::Directory;
use lockstep_load::{agent, sign_ins, wake_ups};
use tempfile::TempDir;

/// On the disk of the build: what is temporary may lie in memory, where nothing waits for a disk.
fn folder() -> TempDir {
    TempDir::new_in(lockstep_story::binaries()).unwrap()
}

fn program() -> PathBuf {
    lockstep_lab::build(&["lockstep-directory"]).unwrap();
    lockstep_story::binaries().join("lockstep-directory")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_many_at_once_and_each_is_let_in() {
    let folder = folder();
    let (mut directory, owner) = Directory::set_up(&program(), folder.path()).unwrap();
    let members = Arc::new(directory.fill(&owner, 10).await.unwrap());
    let half_a_second = Duration::from_millis(500);
    let measured = sign_ins::measure(&directory, &members, 8, half_a_second)
        .await
        .unwrap();
    assert!(measured.count > 20, "{measured:?}");
    assert!(measured.per_cpu_second > 1.0, "{measured:?}");
    assert!(measured.finish.p99_ms >= measured.finish.p50_ms);
    directory.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_connected_computer_hears_of_its_own_changes_and_of_no_others_and_costs_little() {
    let folder = folder();
    let (mut directory, owner) = Directory::set_up(&program(), folder.path()).unwrap();
    let mut members = directory.fill(&owner, 200).await.unwrap();
    directory.restart().unwrap();
    let measured = wake_ups::measure(&directory, &mut members, 50, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((measured.lost, measured.needless), (0, 0), "{measured:?}");
    assert_eq!(measured.wake_up.count, 50);
    // An unoptimised build keeps more than a released one; two buffers of 8 KiB would show.
    let kept = measured.private_dirty_kib_per_device;
    assert!(kept.is_some_and(|kib| kib < 24.0), "{measured:?}");
    directory.stop().unwrap();
}

#[test]
fn an_idle_agent_sleeps_and_is_small() {
    if std::env::var_os("LOCKSTEP_NO_LAB").is_some_and(|value| value == "1") {
        eprintln!("SKIPPED: LOCKSTEP_NO_LAB=1 is set, so that no agent was measured");
        return;
    }
    lockstep_lab::build(&[
        "lockstep-directory",
        "lockstep-agent",
        "lockstep-helper",
        "lockstep-cli",
    ])
    .unwrap();
    let folder = folder();
    let measured = agent::measure(folder.path(), Duration::from_secs(4)).unwrap();
    // A heartbeat may fall into so short a time; anything that polls would show.
    assert!(measured.wake_ups_per_minute <= 60.0, "{measured:?}");
    assert!(measured.memory.private_dirty < 4096, "{measured:?}");
}
