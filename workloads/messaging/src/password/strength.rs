//! Which passwords are too easy to guess.
//!
//! `zxcvbn` estimates how many guesses an attacker needs who knows the common passwords (30,000 of them), words, names,
//! dates, keyboard patterns, and here the account's own names. There are no composition rules: a long phrase of plain
//! words is fine, `P@ssw0rd1` is not.

/// Fewest guesses that a password must stand. Sign-in is limited to a few tries a minute per account, so a million
/// guesses take an online attacker months; below it lie all the common passwords and their usual variations.
pub const LEAST_GUESSES: u64 = 1_000_000;

/// The words that an attacker would try first for this account.
#[derive(Debug, Clone, Default)]
pub struct Owner {
    /// E-mail address.
    pub email: String,
    /// Name within the tenant.
    pub username: String,
    /// Name as people write it.
    pub full_name: Option<String>,
    /// Domain of the tenant.
    pub domain: String,
}

impl Owner {
    /// Each name, and each word of it.
    fn words(&self) -> Vec<&str> {
        let names = [Some(self.email.as_str()), Some(&self.username), self.full_name.as_deref(), Some(&self.domain)];
        let mut words = vec!["confab"];
        for name in names.into_iter().flatten() {
            words.push(name);
            words.extend(name.split('@'));
            words.extend(name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2));
        }
        words
    }
}

/// Whether a password falls to fewer than [`LEAST_GUESSES`] tries by somebody who knows its owner's names. It takes up to
/// some milliseconds for a long password: call it where blocking is allowed.
#[must_use]
pub fn is_guessable(password: &str, owner: &Owner) -> bool {
    zxcvbn::zxcvbn(password, &owner.words()).guesses() < LEAST_GUESSES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn john() -> Owner {
        Owner {
            email: "john.longbottom@example.com".to_owned(),
            username: "johnlongbottom".to_owned(),
            full_name: Some("John Longbottom".to_owned()),
            domain: "chat.example.com".to_owned(),
        }
    }

    #[test]
    fn the_example_of_the_specification_and_plain_phrases_pass() {
        for good in [
            "SecurePass123!",
            "correct-horse-7-staple",
            "vier kleine gelbe Enten",
            "xk7Qz9mWp2",
            "пароль от почты тёти",
        ] {
            assert!(!is_guessable(good, &john()), "{good}");
        }
    }

    #[test]
    fn common_passwords_and_the_owners_names_are_refused() {
        let bad = [
            "password",
            "Password1",
            "P@ssw0rd1",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "aaaaaaaaaaaa",
            "abcdefgh",
            "11111111",
            "letmein123",
            "johnlongbottom",
            "Longbottom1",
            "john.longbottom@example.com",
            "example.com",
        ];
        for bad in bad {
            assert!(is_guessable(bad, &john()), "{bad}");
        }
    }

    #[test]
    fn the_longest_passwords_are_judged_without_delay_or_panic() {
        for long in ["a".repeat(128), "aB3$".repeat(32), "password".repeat(16), "ß日本".repeat(42)] {
            let _ = is_guessable(&long, &john());
        }
    }
}
