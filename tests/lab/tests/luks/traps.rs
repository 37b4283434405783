//! Every trap of LUKS2 that was met before, one after the other.
//!
//! | trap | test |
//! |---|---|
//! | cryptsetup removes the last slot without a word | `the_last_slot_never_goes` |
//! | a newline at the end is a part of the password, or isn't | `no_newline_slips_in` |
//! | a token opens the disk whatever the password is | `a_token_in_a_keyring_proves_no_password` |
//! | recovery keys, TPMs, other people | `what_others_claim_stays_byte_for_byte` |
//! | one passphrase, two slots | `a_slot_of_somebody_else_stays_though_the_old_password_opens_it` |
//! | a number that was used again | `a_number_that_was_used_again_is_somebody_elses` |
//! | another disk under the same path | `another_uuid_is_another_disk` |
//! | LUKS1, damage, nothing at all | `what_is_no_luks2_is_refused` |
//! | no room | `a_full_header_is_told_before_anything_changes` |
//! | slots that the boot prompt doesn't try | `a_slot_that_is_never_asked_for_is_not_the_persons` |
//! | sockets into the kernel's ciphers, which the helper may not make | `no_key_slot_takes_a_socket` |
//! | a lock that anybody may hold | `a_lock_on_a_file_that_everybody_reads_holds_nobody_up` |
//! | the boot prompt's keyboard | `the_old_slot_stays_until_a_restart_is_confirmed` |

use std::time::{Duration, Instant};
use std::{env, fs};

use lockstep_model::{BindingId, Code, Secret};
use lockstep_stores::linux::LuksStore;
use lockstep_stores::{ChangeFault, Store};

use crate::disk::{ARGON2, Image, PBKDF2, put_in_front, restart, take_away};
use crate::support::{inside_a_device, run, shell};
use crate::{NEW, NEXT, OLD, WRONG};

const RECOVERY: &[u8] = b"cbdefghi-jklnrtuv-cbdefghi-jklnrtuv";

#[track_caller]
fn code(outcome: Result<(), ChangeFault>) -> Code {
    match outcome {
        Err(ChangeFault::Refused(refusal)) => refusal.code,
        other => panic!("must be refused: {other:?}"),
    }
}

inside_a_device! {
    fn the_last_slot_never_goes() {
        let image = Image::quick(OLD);
        // A token that calls the only slot old, as if the new one was removed by somebody.
        assert_eq!(image.change(OLD, NEW), Ok(()));
        image.succeed(&["luksKillSlot", "--key-file=-"], &["1"], OLD);
        assert_eq!(image.slots(), [0]);
        assert_eq!(image.remove_old(OLD), Ok(()));
        assert_eq!(code(image.remove_old(NEW)), Code::NotTheComputersPassword);
        assert_eq!(image.slots(), [0]);
        assert!(image.opens(OLD));
    }

    fn no_newline_slips_in() {
        let image = Image::quick(OLD);
        let with_newline = [OLD, b"\n"].concat();
        assert_eq!(image.probe(&with_newline), Ok(false));
        assert_eq!(image.change(&with_newline, NEW), Err(ChangeFault::Shut));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert!(!image.opens(&[NEW, b"\n"].concat()));
        // As the boot prompt does: standard input up to the newline.
        let args = ["open", "--test-passphrase", "--token-type=none"];
        assert_eq!(image.cryptsetup(&args, &[], &[NEW, b"\n"].concat()).0, Some(0));
    }

    fn a_lock_on_a_file_that_everybody_reads_holds_nobody_up() {
        shell("touch /etc/crypttab; chmod 644 /etc/crypttab");
        let held = fs::File::open("/etc/crypttab").unwrap();
        held.lock().unwrap();
        let image = Image::quick(OLD);
        let started = Instant::now();
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        drop(held);
        // What is locked instead is shut to everybody else.
        assert_eq!(shell("stat -c '%a %U' /root"), "700 root\n");
    }

    fn no_key_slot_takes_a_socket() {
        // The helper's filter refuses every family but AF_UNIX.
        put_in_front(
            "#!/bin/sh\nexec strace -f -qq -e trace=socket,execve -o /root/calls.$$ \\\n\
             /usr/sbin/cryptsetup.real \"$@\"\n",
        );
        let image = Image::new("disk.img", OLD, ARGON2);
        assert_eq!(image.probe(OLD), Ok(true));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.probe(NEW), Ok(true));
        let calls = shell("cat /root/calls.*");
        assert!(calls.matches("execve(").count() > 4, "nothing was traced: {calls}");
        assert!(!calls.contains("socket("), "{calls}");
        take_away();
    }

    fn a_recovery_key_is_told_from_the_passwords_that_are_kept_in_step() {
        let has = |image: &Image| image.store(2).has_another_way();
        let image = Image::quick(OLD);
        // Nothing marks the person's slot before the first change.
        assert_eq!(has(&image), Ok(false));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.slots().len(), 2);
        assert_eq!(has(&image), Ok(false), "the old one is no other way");
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(has(&image), Ok(false));
        image.add_slot(5, NEW, RECOVERY, PBKDF2);
        assert_eq!(has(&image), Ok(true), "somebody else's passphrase");
        image.add_token(9, r#"{"type":"systemd-recovery","keyslots":["5"]}"#);
        assert_eq!(has(&image), Ok(true), "a recovery key");
        image.succeed(&["luksKillSlot", "--key-file=-"], &["5"], NEW);
        assert_eq!(has(&image), Ok(false), "its token is left, and opens nothing");

        let image = Image::new("recovered.img", OLD, PBKDF2);
        image.add_slot(5, OLD, RECOVERY, PBKDF2);
        assert_eq!(has(&image), Ok(true), "before the first change, too");
    }

    fn a_token_in_a_keyring_proves_no_password() {
        const KEYED: &str = "LOCKSTEP_TEST_KEYED";
        if env::var_os(KEYED).is_none() {
            let image = Image::quick(OLD);
            image.succeed(&["token", "add", "--key-description=lockstep:lab"], &[], b"");
            // This test again, in a session keyring (keyctl(2), add_key(2)) with the disk's key.
            let (join, add) = if cfg!(target_arch = "x86_64") { (250, 248) } else { (219, 217) };
            let program = format!(
                "my @key = ('user', 'lockstep:lab', '{}'); $ENV{{{KEYED}}} = 1; \
                 syscall({join}, 1, 0) > 0 && syscall({add}, @key, {}, -3) > 0 or die $!; \
                 exec(@ARGV) or die $!",
                str::from_utf8(OLD).unwrap(),
                OLD.len(),
            );
            let this = env::current_exe().unwrap();
            let name = "traps::a_token_in_a_keyring_proves_no_password";
            let args = ["-e", &program, this.to_str().unwrap(), "--exact", name];
            let (ended, said) = run("perl", &args, b"");
            assert!(ended == Some(0) && said.contains("1 passed"), "{said}");
            return;
        }
        let image = Image { path: "/root/disk.img".into(), binding: BindingId::fresh() };
        let (opened, said) = image.cryptsetup(&["open", "--test-passphrase", "--key-file=-"], &[], WRONG);
        assert_eq!(opened, Some(0), "this is the trap: {said}");
        assert_eq!(image.probe(WRONG), Ok(false));
        assert_eq!(image.probe(OLD), Ok(true));
        assert_eq!(image.change(WRONG, NEW), Err(ChangeFault::Shut));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(code(image.remove_old(WRONG)), Code::NotTheComputersPassword);
    }

    fn what_others_claim_stays_byte_for_byte() {
        let image = Image::quick(OLD);
        image.add_slot(1, OLD, RECOVERY, PBKDF2);
        image.add_slot(2, OLD, b"what the chip holds", PBKDF2);
        image.add_slot(5, OLD, b"an admin's own", PBKDF2);
        image.add_token(0, r#"{"type":"systemd-recovery","keyslots":["1"]}"#);
        image.add_token(
            3,
            r#"{"type":"systemd-tpm2","keyslots":["2"],"tpm2-pcrs":[7],"tpm2-blob":"AAAA","tpm2-policy-hash":"00"}"#,
        );
        image.add_token(4, r#"{"type":"lockstep","keyslots":["5"],"binding":"of a newer version"}"#);
        let seen = || {
            let materials: Vec<_> = [1, 2, 5].map(|slot| image.material(slot)).into();
            (materials, [0, 3, 4].map(|token| image.token(token)))
        };
        let before = seen();
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.change(NEW, NEXT), Ok(()));
        assert_eq!(image.remove_old(NEXT), Ok(()));
        assert_eq!(image.slots(), [1, 2, 4, 5]);
        assert!(seen() == before, "other slots and tokens are as they were");
        assert!(image.slot_opens(1, RECOVERY) && image.slot_opens(5, b"an admin's own"));
        assert!(!image.opens(OLD) && !image.opens(NEW) && image.opens(NEXT));
    }

    fn a_slot_of_somebody_else_stays_though_the_old_password_opens_it() {
        let image = Image::quick(OLD);
        for slot in [1, 2, 3] {
            image.add_slot(slot, OLD, OLD, PBKDF2);
        }
        // Another person's, and a recovery key that is no better; slot 2 nobody claims.
        let other = BindingId::fresh();
        image.add_token(
            0,
            &format!(r#"{{"type":"lockstep","keyslots":["1"],"binding":"{other}","replaces":[],"salts":{{}},"boot":""}}"#),
        );
        image.add_token(1, r#"{"type":"systemd-recovery","keyslots":["3"]}"#);
        let before = (image.material(1), image.material(3), image.token(0), image.token(1));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.slots(), [1, 3, 4], "what the old password opened and nobody claims goes");
        let after = (image.material(1), image.material(3), image.token(0), image.token(1));
        assert!(after == before);
    }

    fn who_comes_in_by_a_recovery_key_leaves_it() {
        let image = Image::quick(RECOVERY);
        image.add_token(0, r#"{"type":"systemd-recovery","keyslots":["0"]}"#);
        assert_eq!(image.change(RECOVERY, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.slots(), [0, 1]);
        assert_eq!(code(image.remove_old(RECOVERY)), Code::DiskRefused);
        assert_eq!(image.slots(), [0, 1]);
    }

    fn a_number_that_was_used_again_is_somebody_elses() {
        let image = Image::quick(OLD);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        // An admin removes the old slot by hand, and the next key takes its number.
        image.succeed(&["luksKillSlot", "--key-file=-"], &["0"], NEW);
        image.add_slot(0, NEW, b"an admin's own", PBKDF2);
        let before = image.material(0);
        assert!(image.token(0).contains(r#""replaces":["0"]"#), "the token still names it");
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.slots(), [0, 1]);
        assert!(image.material(0) == before);
        // The same for a slot that was ours, and that somebody gave another password.
        fs::write("/root/other-key", b"changed by hand").unwrap();
        let args = [&["luksChangeKey", "--key-file=-", "--key-slot=1"], PBKDF2].concat();
        image.succeed(&args, &["/root/other-key"], NEW);
        assert_eq!(image.change(b"an admin's own", NEXT), Ok(()));
        assert_eq!(image.remove_old(NEXT), Ok(()));
        assert!(image.opens(b"changed by hand") && image.opens(NEXT));
        assert!(!image.opens(b"an admin's own"));
    }

    fn another_uuid_is_another_disk() {
        let image = Image::quick(OLD);
        let mut store = image.store(2);
        let change = |store: &mut LuksStore| {
            store.change(&Secret::copy_of(OLD), &Secret::copy_of(NEW))
        };
        image.succeed(&["luksUUID", "-q", "--uuid=6145fb29-1dc4-47f4-917c-aeb6f4c13f77"], &[], b"");
        let before = image.dump();
        assert_eq!(code(change(&mut store)), Code::DiskUnreachable);
        assert_eq!(code(store.remove_old(&Secret::copy_of(OLD))), Code::DiskUnreachable);
        let refusal = store.probe(&Secret::copy_of(OLD)).unwrap_err();
        assert_eq!(refusal.code, Code::DiskUnreachable);
        assert!(refusal.detail.contains("6145fb29"), "{refusal}");
        let preflight = store.preflight(&Secret::copy_of(NEW)).map_err(|refusal| refusal.code);
        assert_eq!(preflight, Err(Code::DiskUnreachable));
        assert_eq!(image.dump(), before);
    }

    fn what_is_no_luks2_is_refused() {
        let image = Image::quick(OLD);
        let mut store = image.store(2);
        let mut refused = |why: &str| {
            let (old, new) = (Secret::copy_of(OLD), Secret::copy_of(NEW));
            match store.change(&old, &new) {
                Err(ChangeFault::Refused(refusal)) => {
                    assert_eq!(refusal.code, Code::DiskUnreachable);
                    assert!(refusal.detail.contains(why), "{why}: {refusal}");
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(store.probe(&old).unwrap_err().code, Code::DiskUnreachable);
        };
        let whole = fs::read(&image.path).unwrap();
        // Damage in both copies of the metadata: neither has its checksum.
        let mut damaged = whole.clone();
        damaged[4096 + 20] ^= 1;
        damaged[16384 + 4096 + 20] ^= 1;
        fs::write(&image.path, &damaged).unwrap();
        refused("luksDump");
        damaged[..4096].fill(0);
        fs::write(&image.path, &damaged).unwrap();
        refused("damaged");
        fs::write(&image.path, b"").unwrap();
        refused("damaged");
        fs::write(&image.path, &whole[..100]).unwrap();
        refused("damaged");
        fs::remove_file(&image.path).unwrap();
        refused("No such file");
        fs::write(&image.path, vec![0; 20 << 20]).unwrap();
        image.succeed(
            &["luksFormat", "-q", "--type=luks1", "--key-file=-", "--pbkdf-force-iterations=1500"],
            &[],
            OLD,
        );
        refused("LUKS1");
    }

    fn a_full_header_is_told_before_anything_changes() {
        // Room for two slots, of which the second is somebody else's.
        let small = [PBKDF2, &["--luks2-keyslots-size=512k"]].concat();
        let image = Image::new("disk.img", OLD, small.leak());
        assert_eq!(image.store(2).preflight(&Secret::copy_of(NEW)), Ok(()));
        image.add_slot(1, OLD, WRONG, PBKDF2);
        let before = image.dump();
        let preflight = image.store(2).preflight(&Secret::copy_of(NEW));
        assert_eq!(preflight.map_err(|refusal| refusal.code), Err(Code::DiskFull));
        assert_eq!(code(image.change(OLD, NEW)), Code::DiskFull);
        assert_eq!(image.dump(), before);
        // All numbers in use is the same.
        let image = Image::quick(OLD);
        for slot in 1..32 {
            image.add_slot(slot, OLD, WRONG, PBKDF2);
        }
        let preflight = image.store(2).preflight(&Secret::copy_of(NEW));
        assert_eq!(preflight.map_err(|refusal| refusal.code), Err(Code::DiskFull));
    }

    fn what_was_added_last_needs_no_more_room() {
        let small = [PBKDF2, &["--luks2-keyslots-size=512k"]].concat();
        let image = Image::new("disk.img", OLD, small.leak());
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.store(2).preflight(&Secret::copy_of(NEW)), Ok(()));
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.change(NEW, NEXT), Ok(()));
    }

    fn a_slot_that_is_never_asked_for_is_not_the_persons() {
        let image = Image::quick(RECOVERY);
        image.add_slot(1, RECOVERY, OLD, PBKDF2);
        image.succeed(&["config", "--key-slot=1", "--priority=ignore"], &[], b"");
        assert_eq!(image.probe(OLD), Ok(false));
        assert_eq!(image.change(OLD, NEW), Err(ChangeFault::Shut));
        // An unbound slot opens another key, not the disk's.
        fs::write("/root/unbound", OLD).unwrap();
        image.succeed(
            &["luksAddKey", "--unbound", "--key-size=512",  "--key-slot=7"], &["/root/unbound"],
            b"",
        );
        assert_eq!(image.change(OLD, NEW), Err(ChangeFault::Shut));
        assert_eq!(image.slots(), [0, 1, 7]);
    }

    fn the_old_slot_stays_until_a_restart_is_confirmed() {
        let image = Image::quick(OLD);
        fs::create_dir_all("/etc/default").unwrap();
        fs::write("/etc/default/keyboard", "XKBLAYOUT=\"de\"\n").unwrap();
        let confirm = |password: &[u8]| {
            let confirmed = image.store(2).confirm_restart(&Secret::copy_of(password));
            confirmed.map_err(|refusal| refusal.code)
        };
        assert_eq!(confirm(OLD), Err(Code::NotTheComputersPassword), "nothing is ours yet");
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(code(image.remove_old(NEW)), Code::OldOpensDisk);
        assert_eq!(confirm(NEW), Err(Code::OldOpensDisk), "it was not started again");
        restart();
        assert_eq!(code(image.remove_old(NEW)), Code::OldOpensDisk, "not confirmed");
        assert_eq!(confirm(OLD), Err(Code::NotTheComputersPassword));
        assert_eq!(confirm(NEW), Ok(()));
        // A change after that is another slot, which has to wait for itself.
        assert_eq!(image.change(NEW, NEXT), Ok(()));
        assert_eq!(code(image.remove_old(NEXT)), Code::OldOpensDisk);
        assert_eq!(image.slots(), [0, 1, 2]);
        restart();
        assert_eq!(confirm(NEXT), Ok(()));
        assert_eq!(image.change(NEW, NEXT), Ok(()), "a change made again forgets no restart");
        assert_eq!(image.remove_old(NEXT), Ok(()));
        assert_eq!(image.slots(), [2]);
    }

    fn an_ended_binding_leaves_its_slots_and_takes_its_mark() {
        let image = Image::quick(OLD);
        image.add_token(0, r#"{"type":"systemd-recovery","keyslots":[]}"#);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.store(2).forget(), Ok(()));
        assert_eq!(image.store(2).forget(), Ok(()));
        assert_eq!(image.slots(), [0, 1]);
        let dump = image.dump();
        assert!(dump.contains("systemd-recovery") && !dump.contains("lockstep"), "{dump}");
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.slots(), [0, 1], "what nobody marked is nobody's");
    }
}
