//! Argon2 (RFC 9106) in memory that goes back to the system as soon as a hash is computed.
//!
//! The C library keeps what is freed for later, up to several times the 19 MiB that a hash needs, and a process that rests
//! would hold them for ever.

use argon2::password_hash::Error;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;

/// What is larger gets a mapping of its own from glibc, which is unmapped when it is freed, whatever was freed before
/// (`M_MMAP_THRESHOLD` adapts to 32 MiB at most, see mallopt(3)). Only what is used of it costs memory.
const OWN_MAPPING: usize = 33 * 1024 * 1024;

/// Hashes a password with a fresh salt.
pub(super) fn digest(params: &Params, password: &[u8]) -> Result<PasswordHash, Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let (salt, length) = (Salt::generate(), params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN));
    let output = compute(&argon2, password, &salt, length)?;
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(salt),
        hash: Some(output),
    })
}

/// Whether a hash is that of a password.
pub(super) fn matches(hash: &PasswordHash, password: &[u8]) -> Result<bool, Error> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Err(Error::EncodingInvalid) };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash)?);
    let output = compute(&argon2, password, salt, expected.len())?;
    Ok(verify_slices_are_equal(output.as_bytes(), expected.as_bytes()).is_ok())
}

fn compute(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], length: usize) -> Result<Output, Error> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let output = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
    argon2.hash_password_into_with_memory(password, salt, output, blocks(argon2.params().block_count()))?;
    Ok(Output::new(output)?)
}

fn blocks(count: usize) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(count.max(OWN_MAPPING / Block::SIZE));
    blocks.resize(count, Block::new());
    blocks
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    fn params() -> Params {
        Params::new(64, 2, 1, None).expect("small costs")
    }

    /// The library's own way allocates for itself.
    fn library() -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params())
    }

    #[test]
    fn hashes_are_those_of_the_library() {
        let ours = digest(&params(), b"correct horse").expect("a hash");
        assert!(library().verify_password(b"correct horse", &ours).is_ok());
        assert!(library().verify_password(b"correct hors", &ours).is_err());
        let theirs = library().hash_password(b"correct horse").expect("a hash");
        assert_eq!(matches(&theirs, b"correct horse"), Ok(true));
        assert_eq!(matches(&theirs, b"correct hors"), Ok(false));
    }

    #[test]
    fn hashes_of_other_kinds_and_lengths_are_compared_as_they_are() {
        let weak = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(32, 3, 1, Some(24)).expect("costs"));
        let hash = weak.hash_password(b"x").expect("a hash");
        assert_eq!(matches(&hash, b"x"), Ok(true));
        assert_eq!(matches(&hash, b"y"), Ok(false));
        let bare = PasswordHash { hash: None, ..hash };
        assert!(matches(&bare, b"x").is_err());
    }
}
