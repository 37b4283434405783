//! The pages of the program itself: what only its start needed need not be mapped all day.

use std::fs;
use std::ops::Range;

use crate::sys;

/// Where the program's and its libraries' code is mapped.
///
/// A page of code that is not mapped is in the kernel's cache of files as before, and comes back when
/// it is run, at the cost of a fault.
#[derive(Debug, Default)]
pub struct Program(Vec<Range<usize>>);

impl Program {
    /// Finds it, by `/proc/self/maps` (proc(5)); nothing where there is none, as on macOS.
    #[must_use]
    pub fn find() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        Self(maps.lines().filter_map(code).collect())
    }

    /// Unmaps every page of code that is not needed at this very moment.
    pub fn give_back(&self) {
        for place in &self.0 {
            sys::forget_code(place);
        }
    }
}

/// The range of a mapping of a file's code: private, executable and not writable.
fn code(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let is_file = words.nth(2)? != "0";
    let (start, end) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    (rights == "r-xp" && is_file).then_some(number(start)?..number(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_found() {
        let own = "55d0c0a00000-55d0c0c34000 r-xp 000f6000 fe:00 1234  /usr/bin/lockstep-agent";
        assert_eq!(code(own), Some(0x55d0_c0a0_0000..0x55d0_c0c3_4000));
        for other in [
            "55d0c0a00000-55d0c0c34000 r--p 00000000 fe:00 1234  /usr/bin/lockstep-agent",
            "55d0c0a00000-55d0c0c34000 rwxp 00000000 fe:00 1234  /usr/bin/lockstep-agent",
            "7ffd3b5f2000-7ffd3b5f4000 r-xp 00000000 00:00 0  [vdso]",
            "7f7e58a1e000-7f7e58a20000 rw-p 00000000 00:00 0",
            "",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn code_that_was_given_back_still_runs_and_takes_less_room() {
        let resident = || {
            let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
            let mut in_code = false;
            let mut sum = 0;
            for line in smaps.lines() {
                if line
                    .split(' ')
                    .next()
                    .is_some_and(|word| word.contains('-'))
                {
                    in_code = code(line).is_some();
                } else if let (true, Some(rest)) = (in_code, line.strip_prefix("Rss:")) {
                    let kib = rest.trim().trim_end_matches(" kB");
                    sum += kib.parse::<u64>().unwrap();
                }
            }
            sum
        };
        let program = Program::find();
        assert!(!program.0.is_empty());
        let before = resident();
        program.give_back();
        let after = resident();
        assert!(after < before, "{after} of {before} KiB");
    }
}
