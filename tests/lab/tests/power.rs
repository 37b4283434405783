//! What a power cut leaves of a device with a disk of its own, and that no loop device stays behind.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_lab::Lab;

/// Appends lines for ever, flushes each, and only then says its number outside of the disk.
const COUNT: &str = "n=0; while :; do n=$((n+1)); echo $n >>/var/counted; sync /var/counted; \
    echo $n >>/run/said; done";

#[test]
fn a_power_cut_takes_what_was_not_flushed_and_leaves_what_was() {
    let Some(lab) = Lab::for_test() else { return };
    let mut device = lab.device_on_disk("pc-1").unwrap();
    let flushed = "echo flushed >/var/flushed; sync /var/flushed /var; echo not >/var/not; \
        printf later >>/var/flushed";
    device.shell(flushed).unwrap();

    device.cut_power().unwrap();
    device.kill().unwrap();
    device.boot().unwrap();
    let left = device
        .shell("cat /var/flushed; cat /var/not 2>&1 || true")
        .unwrap();
    assert!(left.starts_with("flushed\n"), "{left}");
    assert!(!left.contains("later") && !left.contains("not\n"), "{left}");

    // Switched off by itself, without a cut, it keeps all.
    device.shell("echo kept >/var/kept").unwrap();
    device.kill().unwrap();
    device.boot().unwrap();
    assert_eq!(device.shell("cat /var/kept").unwrap(), "kept\n");
}

#[test]
fn whenever_the_power_is_cut_what_was_said_to_be_flushed_is_there() {
    let Some(lab) = Lab::for_test() else { return };
    let mut device = lab.device_on_disk("pc-1").unwrap();
    let mut before = 0;
    for pause in [50, 77, 130, 211] {
        let mut counter = device.command("sh").unwrap();
        let mut counter = counter.args(["-c", COUNT]).spawn().unwrap();
        let said = device.path("/run/said").unwrap();
        let last = |text: String| text.lines().last().and_then(|line| line.parse().ok());
        let said = || fs::read_to_string(&said).ok().and_then(last);
        let patience = Instant::now() + Duration::from_secs(10);
        while said().is_none() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(pause));
        let said: u32 = said().unwrap_or(0);
        device.cut_power().unwrap();
        device.kill().unwrap();
        counter.wait().unwrap();
        device.boot().unwrap();
        let left: u32 = last(device.shell("cat /var/counted").unwrap()).unwrap();
        assert!(left >= said && said > 0, "{left} of {said} are left");
        device.shell("rm /var/counted; sync /var").unwrap();
        before += left;
    }
    assert!(before > 20, "{before} in all: it hardly counted");
}

#[test]
fn only_a_disk_of_its_own_is_cut_off() {
    let Some(lab) = Lab::for_test() else { return };
    let mut device = lab.device("pc-1").unwrap();
    assert!(device.cut_power().is_err());
    assert!(device.shell("true").is_ok());
    device.kill().unwrap();
    let mut device = lab.device_on_disk("pc-2").unwrap();
    device.kill().unwrap();
    assert!(device.cut_power().is_err());
}

#[test]
fn no_loop_device_stays_behind() {
    let Some(lab) = Lab::for_test() else { return };
    let work = lab.work().to_owned();
    let device = lab.device_on_disk("dropped").unwrap();
    assert_eq!(loops_of(&work), 1);
    drop(device);
    assert_eq!(loops_of(&work), 0);

    let mut device = lab.device_on_disk("cut").unwrap();
    device.cut_power().unwrap();
    device.kill().unwrap();
    assert_eq!(loops_of(&work), 0);
    device.boot().unwrap();
    assert_eq!(loops_of(&work), 1);
    drop(device);

    let panicked = std::panic::catch_unwind(|| {
        let _device = lab.device_on_disk("panicked").unwrap();
        assert_eq!(loops_of(&work), 0, "on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(loops_of(&work), 0);

    // Nor of a program that was killed.
    let mut holder = Command::new(env!("CARGO_BIN_EXE_lockstep-lab"))
        .args(["hold", "disk"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let mounts = fs::read_to_string(format!("/proc/{}/mounts", line.trim())).unwrap();
    let upper = mounts.split("upperdir=").nth(1).unwrap();
    let upper = Path::new(upper.split(',').next().unwrap());
    // Lab, device, the disk's mount point, upper.
    let work = upper.ancestors().nth(3).unwrap();
    assert!(work.join("in-use").exists());
    assert_eq!(loops_of(work), 1);
    holder.kill().unwrap();
    holder.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while loops_of(work) > 0 {
        assert!(Instant::now() < deadline, "a loop device is left");
        thread::sleep(Duration::from_millis(10));
    }
}

/// How many loop devices hold a disk of this lab.
fn loops_of(work: &Path) -> usize {
    let lab = work.file_name().unwrap().to_str().unwrap();
    let backing = |entry: fs::DirEntry| {
        fs::read_to_string(entry.path().join("loop/backing_file")).unwrap_or_default()
    };
    let all = fs::read_dir("/sys/block").unwrap().flatten();
    all.filter(|entry| entry.file_name().to_string_lossy().starts_with("loop"))
        .map(backing)
        .filter(|file| file.contains(lab))
        .count()
}
