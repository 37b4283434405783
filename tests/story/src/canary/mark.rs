//! What all passwords of one run have in common, in every form that they may take.

use memchr::memmem::Finder;
use rustix::rand::{GetRandomFlags, getrandom};

/// The mark of one run.
pub struct Mark {
    text: String,
    needles: Vec<(&'static str, Finder<'static>)>,
}

impl Mark {
    /// Twelve letters and digits that nothing else holds.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn draw() -> anyhow::Result<Self> {
        let alphabet = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0_u8; 12];
        getrandom(&mut bytes, GetRandomFlags::empty())?;
        let letters = bytes.iter().map(|byte| alphabet[usize::from(byte % 32)]);
        Ok(Self::of(String::from_utf8(letters.collect())?))
    }

    /// The same, for another thread.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::of(self.text.clone())
    }

    fn of(text: String) -> Self {
        let mut needles = vec![("as it is", text.clone().into_bytes())];
        needles.push(("in UTF-16", utf16(&text)));
        needles.push(("in hex", hex(text.as_bytes()).into_bytes()));
        needles.push((
            "in capital hex",
            hex(text.as_bytes()).to_uppercase().into_bytes(),
        ));
        // Base64 of what begins at each of the three places; the ends depend on the neighbours.
        for (form, skip) in [
            ("in base64", 0),
            ("in base64, second", 1),
            ("in base64, third", 2),
        ] {
            needles.push((form, base64(&text.as_bytes()[skip..skip + 9])));
        }
        let needles = needles
            .into_iter()
            .map(|(form, needle)| (form, Finder::new(&needle).into_owned()))
            .collect();
        Self { text, needles }
    }

    /// A password with the mark at both ends, and what normalisation changes between them.
    #[must_use]
    pub fn password(&self, name: &str) -> String {
        let Self { text, .. } = self;
        format!("{text} for e\u{301} {name} {text}")
    }

    /// The same of what every keyboard has.
    #[must_use]
    pub fn typed(&self, name: &str) -> String {
        let Self { text, .. } = self;
        format!("{text} for {name} {text}")
    }

    /// The first form in which the mark is in there.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<(&'static str, usize)> {
        self.needles
            .iter()
            .find_map(|(form, needle)| Some((*form, needle.find(bytes)?)))
    }

    /// A password in every form.
    #[must_use]
    pub fn forms(&self, password: &str) -> Vec<(&'static str, Vec<u8>)> {
        let mut forms = vec![
            ("raw", password.as_bytes().to_vec()),
            ("NFC", password.replace("e\u{301}", "\u{e9}").into_bytes()),
            (
                "JSON",
                serde_json::Value::from(password).to_string().into_bytes(),
            ),
            ("UTF-16", utf16(password)),
            ("hex", hex(password.as_bytes()).into_bytes()),
            ("HEX", hex(password.as_bytes()).to_uppercase().into_bytes()),
        ];
        for before in ["", "x", "xy"] {
            let text = format!("{before}{password}");
            forms.push(("base64", base64(text.as_bytes())));
        }
        forms
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both alphabets are alike for what the mark is made of, and nearly so for the rest.
fn base64(bytes: &[u8]) -> Vec<u8> {
    lockstep_protocol::bytes::encode(bytes).into_bytes()
}
