//! The base system below every device: made once per release, never written to afterwards.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use crate::mirror::{self, Mirror};
use crate::{LabError, tools};

/// Counts the contents of a base; a new number makes a new one.
const RECIPE: u32 = 4;

/// What is installed beside the smallest system, so that tests of all stores and of the app can run.
const PACKAGES: &[&str] = &[
    "at-spi2-core",
    "cryptsetup-bin",
    "dbus",
    "dbus-daemon",
    "gnome-keyring",
    "iproute2",
    "libfaketime",
    "libfontconfig1",
    "libnss-extrausers",
    "libpam-modules",
    "libpam-pwquality",
    "libsecret-tools",
    "libx11-6",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
    "openbox",
    "pamtester",
    "passwd",
    "procps",
    "strace",
    "util-linux",
    "x11-utils",
    "xclip",
    "xdotool",
    "xvfb",
];

/// Arguments: directory, release, components, mirror, packages.
///
/// It runs in a mount namespace of its own, which takes its mounts along whatever happens.
const SCRIPT: &str = r#"
set -eu
base=$1 release=$2 components=$3 mirror=$4
shift 4
proxy=
eval "$(apt-config shell proxy Acquire::http::Proxy)"
if [ -n "$proxy" ]; then export http_proxy="$proxy"; fi
debootstrap --variant=minbase --components="$components" "$release" "$base" "$mirror"
# No program is to be started by its installation.
printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
chmod 755 "$base/usr/sbin/policy-rc.d"
mount -t proc proc "$base/proc"
mount -t tmpfs tmpfs "$base/dev"
for node in null zero full random urandom; do
    : >"$base/dev/$node"
    mount --bind "/dev/$node" "$base/dev/$node"
done
chroot "$base" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes \
    --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install "$@"
chroot "$base" apt-get clean
rm -rf "$base"/var/lib/apt/lists/* "$base/etc/resolv.conf" "$base/debootstrap"
printf 'base\n' >"$base/etc/hostname"
"#;

/// Finds the base for this machine's release below the cache, or makes it (a minute).
pub(crate) fn ensure(cache: &Path) -> Result<PathBuf, LabError> {
    let release = mirror::release()?;
    let name = format!("base-{}-{RECIPE}", release.codename);
    let base = cache.join(&name);
    fs::create_dir_all(cache).map_err(LabError::io(cache.display().to_string()))?;
    // Two programs at once: the second waits, then finds it made.
    let lock = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock).map_err(LabError::io(lock.display().to_string()))?;
    flock(&lock, FlockOperation::LockExclusive)
        .map_err(|fault| LabError::io("locking the base")(fault.into()))?;
    if base.is_dir() {
        return Ok(base);
    }
    if !mirror::has("debootstrap") {
        return Err(LabError::Missing {
            program: "debootstrap",
            package: "debootstrap",
        });
    }
    let part = cache.join(format!("{name}.part"));
    let mut last = LabError::NoMirror {
        release: release.codename.clone(),
    };
    for mirror in mirror::mirrors(&release)? {
        remove(&part)?;
        match make(&part, &release.codename, &mirror) {
            Ok(()) => {
                fs::rename(&part, &base).map_err(LabError::io("keeping the base"))?;
                return Ok(base);
            }
            Err(fault) => last = fault,
        }
    }
    remove(&part)?;
    Err(last)
}

fn make(part: &Path, codename: &str, mirror: &Mirror) -> Result<(), LabError> {
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
        ])
        .args(["--", "sh", "-c", SCRIPT, "sh"])
        .arg(part)
        .args([codename, &mirror.components.join(","), &mirror.uri])
        .args(PACKAGES)
        .env("PATH", tools::PATH)
        .env("LC_ALL", "C");
    let what = format!("making a base of {codename} from {}", mirror.uri);
    tools::succeed(&what, &mut command, b"").map(drop)
}

fn remove(part: &Path) -> Result<(), LabError> {
    match fs::remove_dir_all(part) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            Err(LabError::io(part.display().to_string())(fault))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
