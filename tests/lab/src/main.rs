//! A device by hand: `lockstep-lab shell` opens one, `lockstep-lab base` only makes the base.

mod keyring;
mod reader;
mod tray;

use std::error::Error;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use lockstep_lab::{Lab, Options};

const HELP: &str = "\
Devices on one machine. Needs root.

Usage: lockstep-lab base           makes the base system and says where it is
       lockstep-lab shell          opens a shell on a fresh device with Lockstep installed
       lockstep-lab hold [disk]    boots a device, with a disk of its own if that is said, says its
                                   first process's number, waits for the end of standard input
       lockstep-lab knock SOCKET   (inside a device) sends standard input, prints the answer
       lockstep-lab keyring UID HOME
                                   (inside a device, as that user) runs the operation of the
                                   keyring store that standard input names, prints the outcome
       lockstep-lab tray           (inside a device, in a session) shows tray items and notifications
                                   as lines, and does to them what standard input says
       lockstep-lab reader         (the same) reads windows as a screen reader does
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["base"] => base(),
        ["shell"] => shell(),
        ["hold"] => hold(false),
        ["hold", "disk"] => hold(true),
        ["knock", socket] => knock(socket),
        ["keyring", uid, home] => keyring::serve(uid, home).map(|answer| println!("{answer}")),
        ["tray"] => tray::serve(),
        ["reader"] => reader::serve(),
        ["--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lockstep-lab: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn base() -> Result<(), Box<dyn Error>> {
    let options = Options::default();
    Lab::start(&options)?;
    println!("{}", options.cache.display());
    Ok(())
}

fn shell() -> Result<(), Box<dyn Error>> {
    let lab = Lab::start(&Options::default())?;
    let device = lab.device("device")?;
    device.install_lockstep()?;
    device.command("bash")?.arg("-l").status()?;
    Ok(())
}

fn hold(on_disk: bool) -> Result<(), Box<dyn Error>> {
    let lab = Lab::start(&Options::default())?;
    let device = if on_disk {
        lab.device_on_disk("held")?
    } else {
        lab.device("held")?
    };
    let _sleeper = device.command("sleep")?.arg("1000").spawn()?;
    println!("{}", device.pid()?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn knock(socket: &str) -> Result<(), Box<dyn Error>> {
    let mut stream = UnixStream::connect(socket)?;
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    stream.write_all(&bytes)?;
    stream.shutdown(Shutdown::Write)?;
    bytes.clear();
    stream.read_to_end(&mut bytes)?;
    std::io::stdout().write_all(&bytes)?;
    Ok(())
}
