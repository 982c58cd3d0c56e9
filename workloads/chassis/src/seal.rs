//! The master key: it seals the tenants' secrets at rest, and authenticates what we hand out and want to recognise.
//!
//! Every use names a context, such as `signing-key/default.demo/3`. What was sealed or authenticated under one context does
//! not open under another.

use std::fmt;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const KEY_BYTES: usize = 32;
/// First byte of everything sealed, so that another form can follow one day.
const FORM: u8 = 1;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file cannot be read or written.
    #[error("failed to read or write the master key {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{path} does not hold 32 bytes as base64; `head -c 32 /dev/urandom | base64` makes such a file")]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

/// 32 secret bytes that all processes of an installation share. Cheap to clone; it never prints itself.
#[derive(Clone)]
pub struct MasterKey(Arc<Derived>);

struct Derived {
    root: hkdf::Prk,
    sealing: RandomizedNonceKey,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

impl MasterKey {
    /// Reads the key from a file that holds it as base64.
    pub fn from_file(path: &Path) -> Result<Self, SealError> {
        let text = std::fs::read_to_string(path).map_err(|source| SealError::File { path: path.to_owned(), source })?;
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| SealError::NotAKey { path: path.to_owned() })?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Writes a new random key, readable by the owner alone. The file appears whole or not at all, and one that is there
    /// already is never overwritten: the error is then of the kind [`io::ErrorKind::AlreadyExists`].
    pub fn generate_file(path: &Path) -> Result<(), SealError> {
        write_new_key(path).map_err(|source| SealError::File { path: path.to_owned(), source })
    }

    /// Reads the key, and makes it before if it is not there. Two processes that do this at once get the same key.
    pub fn load_or_generate(path: &Path) -> Result<Self, SealError> {
        match Self::generate_file(path) {
            Ok(()) => {}
            Err(SealError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Self::from_file(path)
    }

    /// A key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"confab master key").extract(bytes);
        let sealing =
            RandomizedNonceKey::new(&AES_256_GCM, &expand(&root, &[b"seal"])).expect("AES-256 takes a key of 32 bytes");
        Self(Arc::new(Derived { root, sealing }))
    }

    /// Encrypts under a context.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let mut text = plain.to_vec();
        let nonce = self
            .0
            .sealing
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut text)
            .expect("AES-GCM seals everything below 64 GiB");
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(FORM);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        sealed
    }

    /// Decrypts what was sealed under the same key and context, and nothing else.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let rest = sealed.strip_prefix(&[FORM])?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.sealing.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// Authenticates data under a context: HMAC-SHA256 with a key of the context's own.
    pub fn mac(&self, context: &str, data: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.mac_key(context), data);
        tag.as_ref().try_into().expect("HMAC-SHA256 gives 32 bytes")
    }

    /// Whether the tag is [`Self::mac`] of the same; takes the same time whatever the tag.
    pub fn verify_mac(&self, context: &str, data: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.mac_key(context), data, tag).is_ok()
    }

    fn mac_key(&self, context: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &expand(&self.0.root, &[b"mac", context.as_bytes()]))
    }
}

/// A key of its own for each purpose.
fn expand(root: &hkdf::Prk, purpose: &[&[u8]]) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    root.expand(purpose, hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(&mut key))
        .expect("HKDF-SHA256 gives 32 bytes for any purpose");
    key
}

fn write_new_key(path: &Path) -> io::Result<()> {
    let mut bytes = [0; KEY_BYTES];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system has no randomness"))?;
    let mut suffix = [0; 8];
    rand::fill(&mut suffix).map_err(|_| io::Error::other("the system has no randomness"))?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{:016x}.new", u64::from_ne_bytes(suffix)));
    let draft = PathBuf::from(draft);

    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = writeln!(file, "{}", STANDARD.encode(bytes))
        .and_then(|()| file.sync_all())
        // A hard link, unlike a rename, refuses to replace what is there.
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn key(byte: u8) -> MasterKey {
        MasterKey::from_bytes(&[byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_only_with_the_same_key_and_context() {
        let sealed = key(1).seal("a", b"secret");
        assert_eq!(key(1).open("a", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(key(1).open("b", &sealed), None);
        assert_eq!(key(2).open("a", &sealed), None);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn what_was_tampered_with_does_not_open() {
        let sealed = key(1).seal("a", b"secret");
        for index in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[index] ^= 1;
            assert_eq!(key(1).open("a", &tampered), None, "byte {index}");
        }
        for length in 0..sealed.len() {
            assert_eq!(key(1).open("a", &sealed[..length]), None, "length {length}");
        }
    }

    #[test]
    fn sealing_twice_gives_two_texts() {
        assert_ne!(key(1).seal("a", b"x"), key(1).seal("a", b"x"));
    }

    #[test]
    fn a_mac_holds_for_its_key_context_and_data_alone() {
        let tag = key(1).mac("a", b"data");
        assert!(key(1).verify_mac("a", b"data", &tag));
        assert!(!key(1).verify_mac("b", b"data", &tag));
        assert!(!key(1).verify_mac("a", b"date", &tag));
        assert!(!key(2).verify_mac("a", b"data", &tag));
        assert!(!key(1).verify_mac("a", b"data", &tag[..31]));
    }

    #[test]
    fn a_generated_key_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::generate_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let before = std::fs::read(&path).unwrap();
        let error = MasterKey::generate_file(&path).unwrap_err();
        assert!(matches!(error, SealError::File { source, .. } if source.kind() == io::ErrorKind::AlreadyExists));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || MasterKey::load_or_generate(&path).unwrap().mac("a", b"x"))
            })
            .collect();
        let tags: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert!(tags.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_file_with_something_else_is_refused_and_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Y2FuYXJ5").unwrap();
        let error = MasterKey::from_file(file.path()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Y2FuYXJ5"));
        assert!(!format!("{:?}", key(7)).contains('7'));
    }
}
