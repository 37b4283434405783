//! The lab: a base, a network, a place for the devices' files.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::network::Network;
use crate::{Device, LabError, base, mirror, tools};

/// Where a lab finds and puts things.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where bases are kept between runs.
    pub cache: PathBuf,
    /// Below what the lab makes its own directory, which it removes; not on an overlay mount.
    pub work: PathBuf,
    /// The directory that every device sees at `/x`, read-only.
    pub binaries: PathBuf,
    /// The socket of a display of this machine, which every device then has as `:0`.
    pub display: Option<PathBuf>,
}

impl Default for Options {
    /// Everything below the build directory that the running program came from.
    fn default() -> Self {
        let binaries = build_directory();
        let target = binaries
            .parent()
            .map_or_else(|| binaries.clone(), Path::to_owned);
        let cache = target.join("lab");
        Self {
            work: cache.clone(),
            cache,
            binaries,
            display: None,
        }
    }
}

/// A network of devices. The files live as long as the lab or any of its devices.
#[derive(Debug)]
pub struct Lab {
    pub(crate) inner: Arc<Inner>,
}

/// What devices share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) base: PathBuf,
    pub(crate) binaries: PathBuf,
    pub(crate) display: Option<PathBuf>,
    pub(crate) network: Network,
    pub(crate) work: TempDir,
    /// Says that the directory is in use, for as long as this program lives.
    _in_use: File,
}

const PREFIX: &str = "devices-";
const IN_USE: &str = "in-use";

/// The programs that a lab runs on the host, and the Debian packages that bring them.
const PROGRAMS: &[(&str, &str)] = &[
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
];

impl Lab {
    /// Starts a lab; the first one of a release makes the base, which takes a minute.
    ///
    /// # Errors
    ///
    /// [`LabError::NotRoot`], [`LabError::Missing`], and what can fail on the way.
    pub fn start(options: &Options) -> Result<Self, LabError> {
        if !rustix::process::geteuid().is_root() {
            return Err(LabError::NotRoot);
        }
        for &(program, package) in PROGRAMS {
            if !mirror::has(program) {
                return Err(LabError::Missing { program, package });
            }
        }
        let absolute = |path: &Path| {
            let path = std::path::absolute(path).map_err(LabError::io("the working directory"))?;
            let odd = path
                .to_str()
                .is_none_or(|text| text.contains([':', ',', '\\', '"', '\'']));
            if odd {
                Err(LabError::Path(path))
            } else {
                Ok(path)
            }
        };
        let (cache, work) = (absolute(&options.cache)?, absolute(&options.work)?);
        let binaries = absolute(&options.binaries)?;
        let base = base::ensure(&cache)?;
        fs::create_dir_all(&work).map_err(LabError::io(work.display().to_string()))?;
        let what = || LabError::io("making a directory for the devices");
        // One lab at a time, or another could take a directory that is just being made for a
        // leftover.
        let turn = File::open(&work).map_err(what())?;
        flock(&turn, FlockOperation::LockExclusive).map_err(|fault| what()(fault.into()))?;
        remove_leftovers(&work);
        let directory = TempDir::with_prefix_in(PREFIX, &work).map_err(what())?;
        let in_use = File::create(directory.path().join(IN_USE)).map_err(what())?;
        flock(&in_use, FlockOperation::NonBlockingLockExclusive)
            .map_err(|fault| what()(fault.into()))?;
        drop(turn);
        let network = Network::new().map_err(LabError::io("making a network"))?;
        let inner = Inner {
            base,
            binaries,
            display: options.display.clone(),
            network,
            work: directory,
            _in_use: in_use,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Starts a lab for a test, or returns `None` and says so where `LOCKSTEP_NO_LAB=1` is set.
    ///
    /// # Panics
    ///
    /// When there can be no lab: a test that silently tested nothing would be worse.
    #[must_use]
    pub fn for_test() -> Option<Self> {
        if env::var_os("LOCKSTEP_NO_LAB").is_some_and(|value| value == "1") {
            eprintln!("SKIPPED: LOCKSTEP_NO_LAB=1 is set, so that nothing was tested on a device");
            return None;
        }
        match Self::start(&Options::default()) {
            Ok(lab) => Some(lab),
            Err(fault) => panic!("{fault}"),
        }
    }

    /// Makes a device and switches it on. The name is its host name: a letter, then letters,
    /// digits and dashes.
    ///
    /// # Errors
    ///
    /// [`LabError`].
    pub fn device(&self, name: &str) -> Result<Device, LabError> {
        Device::new(Arc::clone(&self.inner), name, false)
    }

    /// The same with a disk of its own, which loses what was not flushed at a
    /// [`Device::cut_power`].
    ///
    /// # Errors
    ///
    /// [`LabError`]; [`LabError::NoLoop`] where the machine has no loop devices.
    pub fn device_on_disk(&self, name: &str) -> Result<Device, LabError> {
        Device::new(Arc::clone(&self.inner), name, true)
    }

    /// Listens inside the devices' network; the socket may be passed to any process outside.
    ///
    /// # Errors
    ///
    /// That of bind(2).
    pub fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        self.inner.network.listen(address)
    }

    /// Takes the network away from all devices, or gives it back. Connections stay, but carry
    /// nothing meanwhile.
    ///
    /// # Errors
    ///
    /// That of the ioctl(2).
    pub fn set_network(&self, on: bool) -> io::Result<()> {
        self.inner.network.switch(on)
    }

    /// The directory that holds the devices' files and logs.
    #[must_use]
    pub fn work(&self) -> &Path {
        self.inner.work.path()
    }
}

/// Builds programs of this workspace, by the packages' names, the way the running test was built.
///
/// Cargo builds no other package's programs for a test, and old ones would test nothing. What this
/// process has built it doesn't build again, and under `LOCKSTEP_BUILT=1` everything is built; except
/// the app, which is built as it is shipped: beside all others its bus library has another runtime.
///
/// # Errors
///
/// [`LabError::Failed`] with the compiler's words.
pub fn build(packages: &[&str]) -> Result<(), LabError> {
    let told = env::var_os("LOCKSTEP_BUILT").is_some_and(|value| value == "1");
    if told && !packages.contains(&"lockstep-app") {
        return Ok(());
    }
    // By whole lists: which packages are built together decides how each of them is.
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let list = packages.join(" ");
    // Held meanwhile: another test of this process waits for it, and finds it done.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if built.contains(&list) {
        return Ok(());
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("build").current_dir(env!("CARGO_MANIFEST_DIR"));
    for package in packages {
        command.args(["--package", package]);
    }
    let binaries = build_directory();
    if let Some(target) = binaries.parent() {
        command.arg("--target-dir").arg(target);
    }
    if binaries.ends_with("release") {
        command.arg("--release");
    }
    tools::succeed("building what the devices run", &mut command, b"")?;
    built.insert(list);
    Ok(())
}

/// The directory of programs (`target/debug`) that the running one belongs to.
fn build_directory() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let directory = program.parent().unwrap_or(Path::new("."));
    // Tests are one level further down.
    match directory.parent() {
        Some(above) if directory.ends_with("deps") => above.to_owned(),
        Some(_) | None => directory.to_owned(),
    }
}

/// Removes the directories of programs that were killed. What can't be removed is left alone.
fn remove_leftovers(work: &Path) {
    for entry in fs::read_dir(work).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(in_use) = File::open(entry.path().join(IN_USE)) else {
            continue;
        };
        if flock(&in_use, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _kept = fs::remove_dir_all(entry.path());
        }
    }
}
