//! What the kernel says of the memory that secrets lie in. One test: it looks at the whole process.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;

use lockstep_memory::{Locked, is_locked};

#[test]
fn it_is_locked_left_out_of_dumps_and_children_and_one_page_for_sixty() {
    assert_eq!(locked_kib(), 0, "mapped before there was a secret");
    let mut key = Locked::zeroed(32);
    key.bytes_mut().fill(7);
    let address = key.bytes().as_ptr();
    for flag in ["lo", "dd", "wf"] {
        assert!(flags(address).contains(&flag.to_owned()), "{flag}");
    }
    let page = locked_kib();
    let many: Vec<Locked> = (0..60).map(|_| Locked::zeroed(64)).collect();
    assert_eq!(locked_kib(), page, "sixty keys have a page");
    let long = Locked::zeroed(64 * 1024);
    assert!(flags(long.bytes().as_ptr()).contains(&"lo".to_owned()));
    drop((long, many));
    assert_eq!(locked_kib(), page);
    drop(key);
    // What lay at an address is gone before anybody else has it.
    let again = Locked::zeroed(32);
    assert_eq!(again.bytes().as_ptr(), address);
    assert_eq!(again.bytes(), [0; 32]);
    assert!(is_locked());
}

/// The kernel's flags of the mapping that an address lies in (proc_pid_smaps(5)).
fn flags(address: *const u8) -> Vec<String> {
    let text = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in text.lines() {
        if let Some((from, to)) = range(line) {
            inside = (from..to).contains(&address.addr());
        } else if inside && let Some(flags) = line.strip_prefix("VmFlags:") {
            return flags.split_whitespace().map(str::to_owned).collect();
        }
    }
    panic!("{address:?} is not mapped");
}

fn range(line: &str) -> Option<(usize, usize)> {
    let (from, to) = line.split_whitespace().next()?.split_once('-')?;
    let hexadecimal = |text| usize::from_str_radix(text, 16).ok();
    Some((hexadecimal(from)?, hexadecimal(to)?))
}

fn locked_kib() -> u32 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let figure = line.unwrap().trim().trim_end_matches(" kB");
    figure.parse().unwrap()
}
