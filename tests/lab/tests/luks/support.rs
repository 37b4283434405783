//! Tests that run themselves inside a device: the store is a library, and has to be there.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use lockstep_lab::Lab;

const INSIDE: &str = "LOCKSTEP_TEST_INSIDE";

/// Runs a test's body inside a fresh device, by running this program there with the test's name.
pub(crate) fn inside(name: &str, body: fn()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let Some(lab) = Lab::for_test() else { return };
    let device = lab.device("pc").unwrap();
    let program = env::current_exe().unwrap();
    let program = format!("/x/deps/{}", program.file_name().unwrap().to_str().unwrap());
    let mut command = device.command("env").unwrap();
    command.args([&format!("{INSIDE}=1"), &program, "--exact", name]);
    let ran = command
        .args(["--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    print!("{said}");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{name} inside:\n{said}\n{errors}");
    assert!(said.contains("1 passed"), "{name} has to have run: {said}");
}

/// Makes tests out of functions, each of which runs inside a device of its own.
macro_rules! inside_a_device {
    ($($(#[$doc:meta])* fn $name:ident() $body:block)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                let module = module_path!().split_once("::").map_or("", |(_, path)| path);
                let name = format!("{module}::{}", stringify!($name));
                crate::support::inside(&name, || $body);
            }
        )*
    };
}
pub(crate) use inside_a_device;

/// Runs a program, and returns how it ended and what it said.
#[track_caller]
pub(crate) fn run(program: &str, args: &[&str], input: &[u8]) -> (Option<i32>, String) {
    let mut child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (
        ended.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Runs a script that must succeed, and returns what it said.
#[track_caller]
pub(crate) fn shell(script: &str) -> String {
    let (code, said) = run("sh", &["-euc", script], b"");
    assert_eq!(code, Some(0), "`{script}`: {said}");
    said
}
