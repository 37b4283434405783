//! A header in a file, and what cryptsetup itself says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockstep_model::{BindingId, Epoch, Generation, Secret, Stamp};
use lockstep_stores::linux::{Disk, LuksStore, Mark};
use lockstep_stores::{ChangeFault, Refusal, Store};

use crate::support::{run, shell};

/// As one that has little memory: 32 MiB, 4 passes, 1 lane.
pub(crate) const ARGON2: &[&str] = &[
    "--pbkdf=argon2id",
    "--pbkdf-memory=32768",
    "--pbkdf-force-iterations=4",
    "--pbkdf-parallel=1",
];

/// As older GRUB needs it, and quick.
pub(crate) const PBKDF2: &[&str] = &[
    "--pbkdf=pbkdf2",
    "--hash=sha512",
    "--pbkdf-force-iterations=1500",
];

/// A header in a file.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) path: PathBuf,
    pub(crate) binding: BindingId,
}

impl Image {
    /// Formats one that opens with `password` and nothing else.
    #[track_caller]
    pub(crate) fn new(name: &str, password: &[u8], options: &[&str]) -> Self {
        let path = PathBuf::from("/root").join(name);
        fs::File::create(&path).unwrap().set_len(20 << 20).unwrap();
        let image = Self {
            path,
            binding: BindingId::fresh(),
        };
        let mut args = vec!["luksFormat", "-q", "--type", "luks2", "--key-file", "-"];
        args.extend(options);
        image.succeed(&args, &[], password);
        image
    }

    /// A quick one.
    #[track_caller]
    pub(crate) fn quick(password: &[u8]) -> Self {
        Self::new("disk.img", password, PBKDF2)
    }

    /// Runs cryptsetup on it: options, the image, what comes after it, and its input.
    pub(crate) fn cryptsetup(
        &self,
        args: &[&str],
        after: &[&str],
        input: &[u8],
    ) -> (Option<i32>, String) {
        let mut all = args.to_vec();
        all.push(self.path.to_str().unwrap());
        all.extend(after);
        run(&real(), &all, input)
    }

    #[track_caller]
    pub(crate) fn succeed(&self, args: &[&str], after: &[&str], input: &[u8]) -> String {
        let (code, said) = self.cryptsetup(args, after, input);
        assert_eq!(code, Some(0), "{args:?}: {said}");
        said
    }

    /// Adds a slot that Lockstep knows nothing of.
    #[track_caller]
    pub(crate) fn add_slot(&self, number: u32, password: &[u8], new: &[u8], options: &[&str]) {
        fs::write("/root/new-key", new).unwrap();
        let number = number.to_string();
        let mut args = vec!["luksAddKey", "--key-file=-", "--key-slot", &number];
        args.extend(options);
        self.succeed(&args, &["/root/new-key"], password);
    }

    #[track_caller]
    pub(crate) fn add_token(&self, number: u32, json: &str) {
        let number = number.to_string();
        let args = ["token", "import", "--token-id", &number, "--json-file=-"];
        self.succeed(&args, &[], json.as_bytes());
    }

    pub(crate) fn token(&self, number: u32) -> String {
        let number = number.to_string();
        self.succeed(&["token", "export", "--token-id", &number], &[], b"")
    }

    /// The numbers of the slots.
    pub(crate) fn slots(&self) -> Vec<u32> {
        let dump = self.succeed(&["luksDump"], &[], b"");
        let slots = dump.split("Keyslots:\n").nth(1).unwrap();
        let slots = slots.split("Tokens:").next().unwrap();
        let number = |line: &str| {
            line.strip_prefix("  ")?
                .split_once(": luks2")?
                .0
                .parse()
                .ok()
        };
        slots.lines().filter_map(number).collect()
    }

    pub(crate) fn dump(&self) -> String {
        self.succeed(&["luksDump", "--dump-json-metadata"], &[], b"")
    }

    /// Whether one slot opens, by cryptsetup's own word.
    pub(crate) fn slot_opens(&self, number: u32, password: &[u8]) -> bool {
        let number = number.to_string();
        self.tests(&["--key-slot", &number], password)
    }

    pub(crate) fn opens(&self, password: &[u8]) -> bool {
        self.tests(&[], password)
    }

    fn tests(&self, options: &[&str], password: &[u8]) -> bool {
        let mut args = vec!["open", "--test-passphrase", "--key-file=-"];
        args.extend(["--token-type", "none"]);
        args.extend(options);
        match self.cryptsetup(&args, &[], password) {
            (Some(0), _) => true,
            // A slot that isn't there is 1.
            (Some(1 | 2), _) => false,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn uuid(&self) -> String {
        self.succeed(&["luksUUID"], &[], b"").trim().to_owned()
    }

    pub(crate) fn disk(&self) -> Disk {
        Disk {
            device: self.path.clone(),
            uuid: self.uuid(),
        }
    }

    /// Its store, at a generation.
    pub(crate) fn store(&self, generation: u32) -> LuksStore {
        let stamp = Stamp {
            epoch: Epoch(Default::default()),
            generation: Generation(generation),
        };
        let mark = Mark {
            binding: self.binding,
            stamp: Some(stamp),
        };
        LuksStore::of(self.disk(), mark, Path::new("/root"))
    }

    #[track_caller]
    pub(crate) fn change(&self, old: &[u8], new: &[u8]) -> Result<(), ChangeFault> {
        let mut store = self.store(2);
        store.change(&Secret::copy_of(old), &Secret::copy_of(new))
    }

    pub(crate) fn remove_old(&self, current: &[u8]) -> Result<(), ChangeFault> {
        self.store(2).remove_old(&Secret::copy_of(current))
    }

    pub(crate) fn probe(&self, password: &[u8]) -> Result<bool, Refusal> {
        self.store(2).probe(&Secret::copy_of(password))
    }

    /// The bytes of one slot's key material.
    pub(crate) fn material(&self, number: u32) -> Vec<u8> {
        let dump = self.succeed(&["luksDump"], &[], b"");
        let slot = dump.split(&format!("\n  {number}: luks2")).nth(1).unwrap();
        let field = |name: &str| -> usize {
            let rest = slot.split(name).nth(1).unwrap();
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        let (offset, length) = (field("Area offset:"), field("Area length:"));
        fs::read(&self.path).unwrap()[offset..offset + length].to_vec()
    }
}

/// Starts the computer again, as far as a header can tell.
pub(crate) fn restart() {
    shell(
        "cat /proc/sys/kernel/random/uuid >/run/boot && \
         mount --bind /run/boot /proc/sys/kernel/random/boot_id",
    );
}

/// The real program, wherever a test may have put it.
fn real() -> String {
    let aside = "/usr/sbin/cryptsetup.real";
    let path = if fs::exists(aside).unwrap() {
        aside
    } else {
        "/usr/sbin/cryptsetup"
    };
    path.to_owned()
}

/// Puts a script in front of cryptsetup; the real one is `/usr/sbin/cryptsetup.real`.
pub(crate) fn put_in_front(script: &str) {
    if !fs::exists("/usr/sbin/cryptsetup.real").unwrap() {
        fs::rename("/usr/sbin/cryptsetup", "/usr/sbin/cryptsetup.real").unwrap();
    }
    fs::write("/usr/sbin/cryptsetup", script).unwrap();
    let done = Command::new("chmod")
        .args(["755", "/usr/sbin/cryptsetup"])
        .status();
    assert!(done.unwrap().success());
}

/// Takes it away again.
pub(crate) fn take_away() {
    fs::rename("/usr/sbin/cryptsetup.real", "/usr/sbin/cryptsetup").unwrap();
}
