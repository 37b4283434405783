//! What a lab promises: isolation, state that survives a power cut, nothing left behind.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_lab::{Lab, pass_fd};

#[test]
fn a_device_keeps_its_state_over_a_power_cut() {
    let Some(lab) = Lab::for_test() else { return };
    let mut device = lab.device("pc-1").unwrap();
    assert_eq!(device.shell("hostname; id -u").unwrap(), "pc-1\n0\n");
    device
        .add_account("anna", 1000, "gr\u{fc}n: 1".as_bytes())
        .unwrap();
    device
        .shell("echo kept >/var/kept; echo gone >/run/gone")
        .unwrap();
    let mut sleeper = device
        .command_as("anna", "sleep")
        .unwrap()
        .arg("1000")
        .spawn()
        .unwrap();

    device.kill().unwrap();
    assert!(!device.is_running());
    sleeper.wait().unwrap();
    assert!(device.command("true").is_err());
    device.boot().unwrap();

    assert_eq!(
        device
            .shell("cat /var/kept; ls /run/gone 2>&1 || true")
            .unwrap()
            .lines()
            .count(),
        2
    );
    assert!(!device.path("/run/gone").unwrap().exists());
    assert!(
        device
            .pam_accepts("anna", "gr\u{fc}n: 1".as_bytes())
            .unwrap()
    );
    assert!(!device.pam_accepts("anna", b"wrong").unwrap());
    assert!(
        device
            .login_accepts("anna", "gr\u{fc}n: 1".as_bytes())
            .unwrap()
    );
}

#[test]
fn accounts_are_the_devices_own() {
    let Some(lab) = Lab::for_test() else { return };
    let (one, two) = (lab.device("one").unwrap(), lab.device("two").unwrap());
    let host = fs::read("/etc/shadow").unwrap();
    one.add_account("anna", 1000, b"of one").unwrap();
    two.add_account("anna", 1000, b"of two").unwrap();
    assert!(one.pam_accepts("anna", b"of one").unwrap());
    assert!(!one.pam_accepts("anna", b"of two").unwrap());
    assert!(two.pam_accepts("anna", b"of two").unwrap());
    assert_eq!(
        fs::read("/etc/shadow").unwrap(),
        host,
        "the host's accounts are untouched"
    );
    let who = one
        .command_as("anna", "sh")
        .unwrap()
        .args(["-c", "id -un; id -Gn; echo $HOME"])
        .output();
    assert_eq!(
        String::from_utf8(who.unwrap().stdout).unwrap(),
        "anna\nanna\n/home/anna\n"
    );
    one.prepare_session("anna").unwrap();
    let touched = one
        .command_as("anna", "sh")
        .unwrap()
        .args(["-c", ">$XDG_RUNTIME_DIR/x"])
        .status();
    assert!(touched.unwrap().success());
}

#[test]
fn devices_reach_a_listener_in_their_network_and_nothing_else() {
    let Some(lab) = Lab::for_test() else { return };
    let device = lab.device("pc-1").unwrap();
    let listener = lab.listen("127.0.0.1:4433".parse().unwrap()).unwrap();
    let served = thread::spawn(move || {
        for _ in 0..2 {
            listener.accept().unwrap().0.write_all(b"hello\n").unwrap();
        }
    });
    let connect = "exec 3<>/dev/tcp/127.0.0.1/4433; cat <&3";
    let ask = || {
        let mut bash = device.command("timeout").unwrap();
        bash.args(["5", "bash", "-c", connect]).output().unwrap()
    };
    assert_eq!(ask().stdout, b"hello\n");
    assert!(
        TcpStream::connect("127.0.0.1:4433").is_err(),
        "the host's network is another"
    );
    lab.set_network(false).unwrap();
    assert!(!ask().status.success());
    lab.set_network(true).unwrap();
    assert_eq!(ask().stdout, b"hello\n");
    served.join().unwrap();
    let links = device.shell("ls /sys/class/net").unwrap();
    assert_eq!(links, "lo\n");
}

#[test]
fn descriptors_are_passed_on() {
    let Some(lab) = Lab::for_test() else { return };
    let device = lab.device("pc-1").unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = device.command("sh").unwrap();
    command.args(["-c", "cat <&9"]).stdout(Stdio::piped());
    pass_fd(&mut command, reader.into(), 9).unwrap();
    let child = command.spawn().unwrap();
    drop(command);
    writer.write_all(b"over nine").unwrap();
    drop(writer);
    assert_eq!(child.wait_with_output().unwrap().stdout, b"over nine");
}

#[test]
fn a_device_boots_fast_and_its_programs_are_read_only() {
    let Some(lab) = Lab::for_test() else { return };
    let started = Instant::now();
    let device = lab.device("pc-1").unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    println!("booted in {took:?}");
    assert!(device.shell(">/x/file").is_err());
    assert!(device.shell("ls /x/lockstep-lab").is_ok());
}

#[test]
fn daemons_are_waited_for_and_really_end() {
    let Some(lab) = Lab::for_test() else { return };
    let device = lab.device("pc-1").unwrap();
    let sleepers = || {
        device
            .shell("pgrep -c sleep || true")
            .unwrap()
            .trim()
            .to_owned()
    };
    let start = |script: &str| {
        let mut command = device.command("sh").unwrap();
        command.args(["-c", script]);
        device.start("daemon", command, "/run/ready")
    };
    let mut daemon = start("echo started; sleep 0.2; >/run/ready; exec sleep 1000").unwrap();
    assert!(daemon.ended().unwrap().is_none());
    assert_eq!(sleepers(), "1");
    assert_eq!(daemon.kill().unwrap().signal(), Some(9));
    assert_eq!(sleepers(), "0");
    assert_eq!(daemon.log(), "started\n");

    let mut daemon = start("trap 'exit 7' TERM; >/run/ready; while :; do sleep 0.1; done").unwrap();
    assert_eq!(daemon.stop().unwrap().code(), Some(7));
    drop(start(">/run/ready; exec sleep 1000").unwrap());
    assert_eq!(sleepers(), "0");
    let fault = start("echo broken; exit 1").unwrap_err().to_string();
    assert!(fault.contains("broken"), "{fault}");
}

#[test]
fn odd_names_are_refused() {
    let Some(lab) = Lab::for_test() else { return };
    for name in [
        "",
        "-x",
        "a b",
        "a,b",
        "../x",
        "a/b",
        "\u{fc}",
        &"x".repeat(33),
    ] {
        assert!(lab.device(name).is_err(), "{name}");
    }
}

#[test]
fn nothing_is_left_behind() {
    let Some(lab) = Lab::for_test() else { return };
    let work = lab.work().to_owned();
    let device = lab.device("pc-1").unwrap();
    let spaces = namespaces(device.pid().unwrap());
    let mut sleeper = device
        .command("sleep")
        .unwrap()
        .arg("1000")
        .spawn()
        .unwrap();
    assert!(spaces.iter().all(|space| is_inhabited(space)));
    drop(device);
    drop(lab);
    sleeper.wait().unwrap();
    assert_gone(&spaces, &work);
    assert!(!work.exists());
}

#[test]
fn nothing_but_files_is_left_behind_by_a_program_that_was_killed() {
    let Some(_lab) = Lab::for_test() else { return };
    let mut holder = Command::new(env!("CARGO_BIN_EXE_lockstep-lab"))
        .arg("hold")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let spaces = namespaces(line.trim().parse().unwrap());
    let mounts = fs::read_to_string(format!("/proc/{}/mounts", line.trim())).unwrap();
    let upper = mounts
        .split("upperdir=")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let work = Path::new(upper).ancestors().nth(2).unwrap().to_owned();
    assert!(work.join("in-use").exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_gone(&spaces, &work);
    // The next lab finds that nobody uses the files any more.
    let Some(_next) = Lab::for_test() else { return };
    assert!(!work.exists());
}

/// The mount, process and network namespaces of a process.
fn namespaces(pid: u32) -> Vec<String> {
    let link = |kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
    let own = |kind| fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
    ["mnt", "pid", "net"]
        .map(|kind| {
            assert_ne!(link(kind), own(kind));
            link(kind).to_str().unwrap().to_owned()
        })
        .to_vec()
}

fn is_inhabited(space: &str) -> bool {
    let kind = space.split(':').next().unwrap();
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read_link(entry.path().join("ns").join(kind))
            .is_ok_and(|link| link.as_os_str() == space)
    })
}

#[track_caller]
fn assert_gone(spaces: &[String], work: &Path) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while spaces.iter().any(|space| is_inhabited(space)) {
        assert!(
            Instant::now() < deadline,
            "processes are left in {spaces:?}"
        );
        thread::sleep(Duration::from_millis(10));
    }
    let mut mounts = String::new();
    fs::File::open("/proc/self/mounts")
        .unwrap()
        .read_to_string(&mut mounts)
        .unwrap();
    assert!(
        !mounts.contains(work.to_str().unwrap()),
        "mounts are left:\n{mounts}"
    );
}
