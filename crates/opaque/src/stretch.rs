//! Key stretching by Argon2id, in this process or in a child that exits.
//!
//! Stretching takes 64 MiB. A long-lived process would keep a part of them for good; a child
//! gives everything back.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use argon2::{Algorithm, Argon2, Params, Version};
use generic_array::{ArrayLength, GenericArray};
use lockstep_model::Ksf;
use opaque_ke::errors::InternalError;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes that go in and come out: the suite's hash length.
pub const LENGTH: usize = 64;

/// Where the stretching is done, and how hard it is.
#[derive(Clone, Debug)]
pub struct Stretch {
    ksf: Ksf,
    place: Place,
}

/// Where the stretching is done.
#[derive(Clone, Debug, Default)]
pub enum Place {
    /// In this process.
    #[default]
    Here,
    /// In a child: this program is started with the arguments `stretch M T P`, and must call
    /// [`serve_child`].
    Child(PathBuf),
}

/// Why a child could not stretch.
#[derive(Debug, thiserror::Error)]
pub enum StretchFault {
    /// The parameters lie outside what a client accepts.
    #[error("key stretching parameters are outside the accepted range")]
    Parameters,
    /// Reading the input or writing the output failed.
    #[error("the pipe to the stretching child failed")]
    Pipe(#[from] std::io::Error),
}

impl Stretch {
    /// Stretching with these parameters at this place.
    ///
    /// # Errors
    ///
    /// [`StretchFault::Parameters`] below the floor or above the ceiling: wrong parameters only
    /// look like a wrong password, so a hostile directory could lower them unseen.
    pub fn new(ksf: Ksf, place: Place) -> Result<Self, StretchFault> {
        if ksf.is_acceptable() {
            Ok(Self { ksf, place })
        } else {
            Err(StretchFault::Parameters)
        }
    }

    fn run(&self, input: &[u8], output: &mut [u8]) -> Result<(), StretchFault> {
        match &self.place {
            Place::Here => stretch(self.ksf, input, output),
            Place::Child(program) => {
                let mut child = Command::new(program)
                    .arg("stretch")
                    .arg(self.ksf.memory_kib.to_string())
                    .arg(self.ksf.iterations.to_string())
                    .arg(self.ksf.parallelism.to_string())
                    // It needs nothing of what the environment says, a proxy's password included.
                    .env_clear()
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()?;
                let exchange = exchange(&mut child, input, output);
                if exchange.is_err() {
                    child.kill()?;
                }
                child.wait()?;
                exchange
            }
        }
    }
}

fn exchange(
    child: &mut std::process::Child,
    input: &[u8],
    output: &mut [u8],
) -> Result<(), StretchFault> {
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    if let Some(stdout) = child.stdout.as_mut() {
        stdout.read_exact(output)?;
    }
    Ok(())
}

impl Default for Stretch {
    fn default() -> Self {
        Self {
            ksf: Ksf::DEFAULT,
            place: Place::Here,
        }
    }
}

impl opaque_ke::ksf::Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(
        &self,
        mut input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        let done = self.run(&input, &mut output);
        input.zeroize();
        done.map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

/// The child's side of [`Place::Child`]: stretches standard input to standard output.
///
/// # Errors
///
/// [`StretchFault::Parameters`] for arguments that aren't three acceptable numbers.
pub fn serve_child(arguments: &[String]) -> Result<(), StretchFault> {
    let numbers: Vec<u32> = arguments
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let &[memory_kib, iterations, parallelism] = numbers.as_slice() else {
        return Err(StretchFault::Parameters);
    };
    let ksf = Ksf {
        memory_kib,
        iterations,
        parallelism,
    };
    if !ksf.is_acceptable() {
        return Err(StretchFault::Parameters);
    }
    let mut input = Zeroizing::new([0_u8; LENGTH]);
    std::io::stdin().read_exact(input.as_mut())?;
    let mut output = Zeroizing::new([0_u8; LENGTH]);
    stretch(ksf, input.as_ref(), output.as_mut())?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(output.as_ref())?;
    Ok(stdout.flush()?)
}

/// Argon2id version 0x13 over a salt of 16 zero bytes, as `opaque-ke` and the portal's library do:
/// OPAQUE's own blinding has already made the input unique to the person.
fn stretch(ksf: Ksf, input: &[u8], output: &mut [u8]) -> Result<(), StretchFault> {
    let params = Params::new(
        ksf.memory_kib,
        ksf.iterations,
        ksf.parallelism,
        Some(output.len()),
    )
    .map_err(|_| StretchFault::Parameters)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(input, &[0; argon2::RECOMMENDED_SALT_LEN], output)
        .map_err(|_| StretchFault::Parameters)
}

#[cfg(any(feature = "server", test))]
impl Stretch {
    /// Parameters far below the floor, for a record that nobody will ever log in with.
    pub(crate) const fn for_stock_record() -> Self {
        Self {
            ksf: Ksf {
                memory_kib: 8,
                iterations: 1,
                parallelism: 1,
            },
            place: Place::Here,
        }
    }
}
