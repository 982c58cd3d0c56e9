//! Accounts: profiles, passwords, suspension, search, and who may see whom.

mod account;
mod list;
mod password;
mod profile;
mod search;
mod visible;

use confab_contract::{Timestamp, UserId};
use secrecy::SecretString;

pub(crate) use account::require_active;
pub use account::{get, get_many, insert};
pub use list::list;
pub use password::{change_password, credentials, rehash_password, set_suspended};
pub use profile::update;
pub use search::search;
pub use visible::visible_to;

/// An account. The password's hash is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// E-mail address as given.
    pub email: String,
    /// Name within the tenant, as given.
    pub username: String,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// A few words about the person.
    pub bio: Option<String>,
    /// What the person says about the present.
    pub status_message: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the profile was last changed.
    pub updated_at: Timestamp,
    /// Since when the account is suspended.
    pub suspended_at: Option<Timestamp>,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Chosen by the caller.
    pub id: UserId,
    /// E-mail address; unique within the tenant whatever the case.
    pub email: String,
    /// Name; unique within the tenant whatever the case.
    pub username: String,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// The hash of the password, in PHC form.
    pub password_hash: SecretString,
}

/// By what an account is looked up at sign-in.
#[derive(Debug, Clone, Copy)]
pub enum Account<'a> {
    /// E-mail address in any case.
    Email(&'a str),
    /// The id.
    Id(UserId),
}

/// An account with what proves who it is.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// The hash of its password.
    pub password_hash: SecretString,
}

/// Changes of a profile: `None` leaves a field, `Some(None)` clears it.
#[derive(Debug, Clone, Default)]
pub struct ProfilePatch {
    /// Name as people write it.
    pub full_name: Option<Option<String>>,
    /// A few words about the person.
    pub bio: Option<Option<String>>,
    /// Picture.
    pub avatar_url: Option<Option<String>>,
    /// What the person says about the present.
    pub status_message: Option<Option<String>>,
    /// Telephone number.
    pub phone: Option<Option<String>>,
}
