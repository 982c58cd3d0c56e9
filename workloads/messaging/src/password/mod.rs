//! Passwords: hashed with Argon2id a few at a time, compared in equal time for all, refused when guessable.

mod argon;
mod hasher;
mod strength;

pub use hasher::{Comparison, HashError, PasswordHasher};
pub use strength::{LEAST_GUESSES, Owner, is_guessable};
