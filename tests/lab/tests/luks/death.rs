//! cryptsetup dies at any of its writes, or hangs, or lies: old or new opens, and the next try ends
//! it.

use std::fs;
use std::time::{Duration, Instant};

use lockstep_model::{Code, Secret};
use lockstep_stores::{ChangeFault, Store};

use crate::disk::{Image, put_in_front, take_away};
use crate::support::inside_a_device;
use crate::{NEW, NEXT, OLD, WRONG};

/// Kills cryptsetup at the write of this number, in one of its runs of a verb, both from 1.
fn kill_at(verb: &str, run: u32, write: u32) {
    put_in_front(&format!(
        "#!/bin/sh\n\
         if [ \"$1\" = {verb} ]; then\n\
             echo run >>/run/runs\n\
             if [ \"$(/usr/bin/wc -l </run/runs)\" -eq {run} ]; then\n\
                 exec /usr/bin/strace -f -o /run/trace -e trace=write,pwrite64,fsync,flock \
                     -e inject=write,pwrite64,fsync,flock:signal=KILL:when={write} \
                     /usr/sbin/cryptsetup.real \"$@\"\n\
             fi\n\
         fi\n\
         exec /usr/sbin/cryptsetup.real \"$@\"\n"
    ));
    let _none = fs::remove_file("/run/runs");
}

/// Tries a change whose cryptsetup dies ever later, until none dies any more; how often one did.
fn change_dies(verb: &str, run: u32) -> u32 {
    let mut deaths = 0;
    loop {
        let image = Image::quick(OLD);
        kill_at(verb, run, deaths + 1);
        let outcome = image.change(OLD, NEW);
        take_away();
        let (old, new) = (image.opens(OLD), image.opens(NEW));
        assert!(old, "the old one opens whatever happens: {verb} {deaths}");
        let Err(fault) = outcome else {
            assert!(new);
            return deaths;
        };
        if let ChangeFault::Refused(refusal) = &fault {
            assert_eq!(refusal.code, Code::DiskRefused, "{verb} {deaths}");
            assert!(
                !new,
                "refused means that nothing opens that didn't: {verb} {deaths}"
            );
        }
        println!("{verb} died at {}: new opens: {new}, {fault}", deaths + 1);
        // Where the new one opens, it may be told to stay at once: what is old is known.
        if new && deaths % 2 == 0 {
            assert_eq!(image.remove_old(NEW), Ok(()));
            assert!(image.opens(NEW) && !image.opens(OLD), "{verb} {deaths}");
        } else {
            assert_eq!(image.change(OLD, NEW), Ok(()), "{verb} {deaths}");
            assert_eq!(image.remove_old(NEW), Ok(()), "{verb} {deaths}");
        }
        assert_eq!(image.slots().len(), 1, "{verb} {deaths}");
        assert!(image.opens(NEW), "{verb} {deaths}");
        deaths += 1;
        assert!(deaths < 100);
    }
}

inside_a_device! {
    fn death_while_a_slot_is_added_leaves_the_old_one() {
        let deaths = change_dies("luksAddKey", 1);
        assert!(deaths >= 8, "it writes more often than {deaths} times");
    }

    fn death_while_the_mark_is_written_leaves_the_old_one() {
        // What is old is marked before a slot is added, and the slot afterwards.
        for run in [1, 2] {
            let deaths = change_dies("token", run);
            assert!(deaths >= 4, "it writes more often than {deaths} times");
        }
    }

    fn death_while_the_old_slot_goes_leaves_the_new_one() {
        let mut deaths = 0;
        loop {
            let image = Image::quick(OLD);
            assert_eq!(image.change(OLD, NEW), Ok(()));
            kill_at("luksKillSlot", 1, deaths + 1);
            let outcome = image.remove_old(NEW);
            take_away();
            assert!(image.opens(NEW), "{deaths}");
            if outcome.is_ok() {
                break;
            }
            println!("luksKillSlot died at {}: {outcome:?}", deaths + 1);
            assert!(matches!(outcome, Err(ChangeFault::Unknown { .. })));
            assert_eq!(image.remove_old(NEW), Ok(()), "{deaths}");
            assert!(image.opens(NEW) && !image.opens(OLD), "{deaths}");
            assert_eq!(image.slots(), [1]);
            deaths += 1;
        }
        assert!(deaths >= 4, "it writes more often than {deaths} times");
    }

    fn a_slot_that_somebody_takes_between_two_removals_stays() {
        let image = Image::quick(OLD);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.change(NEW, NEXT), Ok(()));
        for (name, key) in [("next", NEXT), ("theirs", WRONG)] {
            fs::write(format!("/root/{name}"), key).unwrap();
        }
        // Slot 0 goes; before slot 1 does, an admin removes it and gives its number to a new key.
        put_in_front(
            "#!/bin/sh\n\
             real=/usr/sbin/cryptsetup.real\n\
             $real \"$@\" || exit\n\
             [ \"$1\" = luksKillSlot ] || exit 0\n\
             $real luksKillSlot --key-file=/root/next /root/disk.img 1 &&\n\
             $real luksAddKey --key-file=/root/next --key-slot=1 --pbkdf=pbkdf2 \
                 --pbkdf-force-iterations=1500 /root/disk.img /root/theirs\n",
        );
        let outcome = image.remove_old(NEXT);
        take_away();
        assert!(matches!(outcome, Err(ChangeFault::Unknown { .. })), "{outcome:?}");
        assert_eq!(image.remove_old(NEXT), Ok(()));
        assert_eq!(image.slots(), [1, 2]);
        assert!(image.slot_opens(1, WRONG) && image.slot_opens(2, NEXT));
    }

    fn one_that_says_too_much_is_ended() {
        let image = Image::quick(OLD);
        let store = image.store(2);
        put_in_front("#!/bin/sh\nexec /usr/bin/yes\n");
        let started = Instant::now();
        let refusal = store.probe(&Secret::copy_of(OLD)).unwrap_err();
        assert_eq!(refusal.code, Code::DiskUnreachable);
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    fn one_that_is_not_there_is_told() {
        let image = Image::quick(OLD);
        let store = image.store(2);
        put_in_front("");
        fs::remove_file("/usr/sbin/cryptsetup").unwrap();
        let refusal = store.probe(&Secret::copy_of(OLD)).unwrap_err();
        assert_eq!(refusal.code, Code::DiskUnreachable);
        assert!(refusal.detail.contains("can't be run"), "{refusal}");
    }

    fn no_secret_is_in_arguments_or_environment() {
        let image = Image::quick(OLD);
        put_in_front(
            "#!/bin/sh\n\
             { printf '%s\\n' \"$@\"; /usr/bin/env; echo; } >>/run/seen\n\
             exec /usr/sbin/cryptsetup.real \"$@\"\n",
        );
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        let seen = fs::read_to_string("/run/seen").unwrap();
        assert!(seen.contains("luksAddKey") && seen.contains("luksKillSlot"), "{seen}");
        for secret in [OLD, NEW] {
            assert!(!seen.contains(str::from_utf8(secret).unwrap()), "{seen}");
        }
        for line in seen.lines() {
            assert!(!matches!(line, "-q" | "--batch-mode"), "{seen}");
            assert!(!line.starts_with("LOCKSTEP_TEST"), "the environment is clean: {seen}");
        }
        let took = seen.matches("--test-passphrase").count();
        println!("{took} tries, {} runs of cryptsetup", seen.matches("LC_ALL=C").count());
        // One for the old, one for the new; a removal is authorised by what it leaves.
        assert_eq!(took, 2, "each costs a key stretching: {seen}");
    }
}
