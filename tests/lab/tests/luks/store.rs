//! What every store must do, and what this one does in plain cases.

use std::fs;
use std::time::Instant;

use lockstep_model::{Code, Secret, StoreKind};
use lockstep_stores::conformance::{CASES, Harness};
use lockstep_stores::linux::{Etc, LuksStore, luks};
use lockstep_stores::{Capabilities, ChangeFault, Refusal, Store};

use crate::disk::{ARGON2, Image, PBKDF2, restart};
use crate::support::{inside_a_device, shell};
use crate::{NEW, NEXT, OLD, WRONG};

/// Makes a fresh header for every case.
struct Headers(&'static [&'static str]);

impl Harness for Headers {
    fn fresh(&mut self, password: &Secret) -> Box<dyn Store> {
        let image = Image::new("disk.img", password.expose(), self.0);
        Box::new(Restarted(image.store(2)))
    }
}

/// A disk whose person starts the computer again, and says so, where that is asked for.
struct Restarted(LuksStore);

impl Store for Restarted {
    fn kind(&self) -> StoreKind {
        self.0.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        self.0.preflight(new)
    }

    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        self.0.probe(secret)
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        self.0.change(old, new)
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        self.0.may_reset()
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        self.0.reset(new)
    }

    fn remove_old(&mut self, current: &Secret) -> Result<(), ChangeFault> {
        match self.0.remove_old(current) {
            Err(ChangeFault::Refused(refusal)) if refusal.code == Code::OldOpensDisk => {
                restart();
                self.0.confirm_restart(current)?;
                self.0.remove_old(current)
            }
            outcome => outcome,
        }
    }
}

fn conforms(options: &'static [&'static str]) {
    for case in CASES {
        let started = Instant::now();
        (case.run)(&mut Headers(options));
        println!("{} ({:?})", case.name, started.elapsed());
    }
}

inside_a_device! {
    fn a_disk_with_argon2_conforms() {
        conforms(ARGON2);
    }

    fn a_disk_with_pbkdf2_conforms() {
        conforms(PBKDF2);
    }

    fn a_change_adds_a_slot_with_our_mark_and_a_removal_takes_the_old_one() {
        let image = Image::new("disk.img", OLD, ARGON2);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.slots(), [0, 1]);
        let token = image.token(0);
        for part in [
            r#""type":"lockstep""#,
            r#""keyslots":["1"]"#,
            r#""replaces":["0"]"#,
            r#""generation":2"#,
            &format!(r#""binding":"{}""#, image.binding),
            fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim(),
        ] {
            assert!(token.contains(part), "{part} in {token}");
        }
        assert!(image.slot_opens(0, OLD) && image.slot_opens(1, NEW));
        assert_eq!(image.remove_old(NEW), Ok(()));
        assert_eq!(image.slots(), [1]);
        assert!(image.opens(NEW) && !image.opens(OLD));
        assert!(image.token(0).contains(r#""replaces":[]"#));
    }

    fn several_changes_before_a_removal_leave_one_slot() {
        let image = Image::quick(OLD);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.change(NEW, NEXT), Ok(()));
        assert!(image.opens(OLD) && image.opens(NEW) && image.opens(NEXT));
        assert_eq!(image.remove_old(NEXT), Ok(()));
        assert_eq!(image.slots(), [2]);
        assert!(image.opens(NEXT));
    }

    fn a_change_that_was_made_is_not_made_again() {
        let image = Image::quick(OLD);
        assert_eq!(image.change(OLD, NEW), Ok(()));
        let before = image.dump();
        assert_eq!(image.change(OLD, NEW), Ok(()));
        assert_eq!(image.dump(), before);
        let said = image.change(WRONG, NEW);
        assert_eq!(said, Err(ChangeFault::Shut), "the new password is no proof of the old one");
        assert_eq!(image.dump(), before);
    }

    fn a_change_with_a_password_that_does_not_open_it_leaves_every_byte() {
        for options in [ARGON2, PBKDF2] {
            let image = Image::new("disk.img", OLD, options);
            let unmoved = |stage: &str| {
                let before = fs::read(&image.path).unwrap();
                let mut store = image.store(7);
                let said = store.change(&Secret::copy_of(WRONG), &Secret::copy_of(NEXT));
                assert_eq!(said, Err(ChangeFault::Shut), "{stage}");
                assert!(fs::read(&image.path).unwrap() == before, "{stage}");
            };
            unmoved("no slot of ours");
            assert_eq!(image.change(OLD, NEW), Ok(()));
            unmoved("beside the old slot");
            assert_eq!(image.remove_old(NEW), Ok(()));
            unmoved("just our slot, which the addition itself opens");
        }
    }

    fn a_new_slot_is_made_as_the_old_one_was() {
        let odd = &["--pbkdf=pbkdf2", "--hash=sha512", "--pbkdf-force-iterations=1234"];
        let image = Image::new("disk.img", OLD, odd);
        image.add_slot(4, OLD, NEXT, ARGON2);
        image.succeed(&["config", "--key-slot=4", "--priority=prefer"], &[], b"");
        image.succeed(
            &["luksConvertKey", "--key-slot=4", "--key-file=-", "--keyslot-cipher=aes-cbc-essiv:sha256",
              "--keyslot-key-size=256", "--pbkdf=argon2i", "--pbkdf-memory=32768",
              "--pbkdf-force-iterations=5", "--pbkdf-parallel=1"],
            &[],
            NEXT,
        );
        assert_eq!(image.change(OLD, NEW), Ok(()));
        let dump = image.succeed(&["luksDump"], &[], b"");
        let slot = |number: u32| {
            let rest = dump.split(&format!("\n  {number}: luks2")).nth(1).unwrap();
            rest.split("Salt:").next().unwrap().to_owned()
        };
        assert!(slot(1).contains("pbkdf2") && slot(1).contains("Iterations: 1234"), "{dump}");
        assert!(slot(1).contains("sha512"), "{dump}");
        assert_eq!(image.change(NEXT, b"another one"), Ok(()));
        let dump = image.succeed(&["luksDump"], &[], b"");
        let made = dump.split("\n  2: luks2").nth(1).unwrap();
        let made = made.split("Salt:").next().unwrap();
        for part in ["argon2i\n", "Time cost:  5", "Memory:     32768", "Threads:    1",
                     "aes-cbc-essiv:sha256", "Cipher key: 256", "preferred"] {
            assert!(made.contains(part), "{part} in {made}");
        }
    }

    fn only_disks_that_ask_at_boot_are_found() {
        let image = Image::quick(OLD);
        let one = Image::new("one.img", OLD, PBKDF2);
        one.succeed(&["luksFormat", "-q", "--type=luks1", "--key-file=-"], &[], OLD);
        assert_eq!(luks::disks(&Etc::default()), Ok(vec![]));
        let uuid = image.uuid();
        shell(&format!(
            "mkdir -p /dev/disk/by-uuid; ln -s /root/disk.img /dev/disk/by-uuid/{uuid}\n\
             cat >/etc/crypttab <<END\n\
             root UUID={uuid} none luks\nagain /root/disk.img none luks\n\
             one /root/one.img none luks\ngone /dev/sdq7 none luks\n\
             keyed /root/disk.img /etc/key luks\nEND"
        ));
        let found = luks::disks(&Etc::default()).unwrap();
        let [disk] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(disk.uuid, uuid);
        assert_eq!(disk.device.to_str(), Some(&*format!("/dev/disk/by-uuid/{uuid}")));
    }
}
