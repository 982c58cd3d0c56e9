//! Rules for single fields, used by [`garde`] on the request types. Each message says what to do.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::limit;

/// A rule's verdict, as garde wants it.
type Verdict = garde::Result;

/// 3 to 32 of letters, digits, `_`, `.` and `-`, beginning and ending with a letter or digit.
pub fn username(value: &str, _context: &()) -> Verdict {
    let bytes = value.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if (3..=32).contains(&bytes.len()) && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner) {
        return Ok(());
    }
    Err(garde::Error::new(
        "Username must have 3 to 32 letters, digits, '_', '.' or '-', and begin and end with a letter or digit",
    ))
}

/// An e-mail address with a domain, of at most 254 characters.
pub fn email(value: &str, _context: &()) -> Verdict {
    let (local, domain) = value.rsplit_once('@').unwrap_or_default();
    let spelled_right = garde::rules::email::Email::validate_email(&value).is_ok();
    if value.len() <= limit::EMAIL_CHARS && !local.is_empty() && domain.contains('.') && spelled_right {
        return Ok(());
    }
    Err(garde::Error::new("Invalid email format"))
}

/// 8 to 128 characters. What is guessable is refused later, where the account's own names are known.
pub fn new_password(value: &SecretString, _context: &()) -> Verdict {
    let length = value.expose_secret().chars().count();
    if length < limit::PASSWORD_MIN_CHARS {
        return Err(garde::Error::new("Password must be at least 8 characters"));
    }
    if length > limit::PASSWORD_MAX_CHARS {
        return Err(garde::Error::new("Password must be at most 128 characters"));
    }
    Ok(())
}

/// A password to compare with: any that could ever have been accepted.
pub fn given_password(value: &SecretString, _context: &()) -> Verdict {
    let length = value.expose_secret().chars().count();
    if (1..=limit::PASSWORD_MAX_CHARS).contains(&length) {
        return Ok(());
    }
    Err(garde::Error::new("Password must have 1 to 128 characters"))
}

/// A token to compare with: not empty, and no longer than any we issue.
pub fn token(value: &SecretString, _context: &()) -> Verdict {
    if (1..=2048).contains(&value.expose_secret().len()) {
        return Ok(());
    }
    Err(garde::Error::new("Token must have 1 to 2048 characters"))
}

/// A telephone number in E.164 form: `+` and 7 to 15 digits, the first not 0.
pub fn phone(value: &str, _context: &()) -> Verdict {
    let digits = value.strip_prefix('+').unwrap_or_default().as_bytes();
    let first = digits.first().is_some_and(|b| (b'1'..=b'9').contains(b));
    if first && (7..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    Err(garde::Error::new("Phone must be in international form, such as +84123456789"))
}

/// A web address with `https` or `http`, as it would stand in a page: without blanks, and without a name and password.
pub fn web_url(value: &str, _context: &()) -> Verdict {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    // A parser of addresses passes over tabs and line breaks, and we store what was given.
    let plain = !value.chars().any(|c| c.is_whitespace() || c.is_control());
    let well_formed = garde::rules::url::Url::validate_url(&value).is_ok();
    if plain && well_formed && host.is_some_and(|host| !host.contains('@')) && value.len() <= limit::URL_CHARS {
        return Ok(());
    }
    Err(garde::Error::new("Must be an http or https address of at most 2048 characters, without blanks or a password"))
}

/// The name of a person or a group: one line that shows something and does not turn the text around it.
pub fn display_name(value: &str, context: &()) -> Verdict {
    visible_text(value, context)?;
    // Bidirectional overrides and isolates (Unicode Standard Annex 9).
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if value.chars().any(|c| c.is_control() || turns(c)) {
        return Err(garde::Error::new("Must not contain control characters or marks that turn text around"));
    }
    Ok(())
}

/// Text that shows something: not empty, and not only white space, control characters and characters without a width.
pub fn visible_text(value: &str, _context: &()) -> Verdict {
    let has_no_width = |c| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if value.chars().any(|c| !c.is_whitespace() && !c.is_control() && !has_no_width(c)) {
        return Ok(());
    }
    Err(garde::Error::new("Must not be blank"))
}

/// Standard base64 with padding (RFC 4648, section 4), at least one byte.
pub fn base64_content(value: &str, _context: &()) -> Verdict {
    if value.is_empty() {
        return Err(garde::Error::new("Must not be empty"));
    }
    match STANDARD.decode(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(garde::Error::new("Must be standard base64 with padding (RFC 4648, section 4)")),
    }
}

/// Exactly one emoji that Unicode knows.
pub fn emoji(value: &str, _context: &()) -> Verdict {
    if canonical_emoji(value).is_some() {
        return Ok(());
    }
    Err(garde::Error::new("Must be exactly one emoji"))
}

/// The fully qualified spelling of an emoji, so that `❤` and `❤️` count as one reaction; `None` when it is no emoji.
pub fn canonical_emoji(value: &str) -> Option<&'static str> {
    static LONGEST: LazyLock<usize> =
        LazyLock::new(|| emojis::iter().map(|emoji| emoji.as_str().len()).max().unwrap_or_default());
    if value.len() > *LONGEST + '\u{FE0F}'.len_utf8() {
        return None;
    }
    // `emojis::get` also takes the spellings without variation selectors, but not shortcodes.
    emojis::get(value).map(emojis::Emoji::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(rule: fn(&str, &()) -> Verdict, value: &str) -> bool {
        rule(value, &()).is_ok()
    }

    #[test]
    fn usernames_have_a_plain_alphabet() {
        assert!(accepts(username, "johndoe") && accepts(username, "j.d-9_x"));
        for bad in ["jd", "-john", "john.", "jo hn", "jöhn", "a\0b", &"x".repeat(33)] {
            assert!(!accepts(username, bad), "{bad}");
        }
    }

    #[test]
    fn an_email_has_a_local_part_and_a_dotted_domain() {
        assert!(accepts(email, "user@example.com") && accepts(email, "a+b@sub.example.org"));
        for bad in ["", "user", "user@", "@example.com", "user@localhost", "a b@example.com", "a@b@c.com"] {
            assert!(!accepts(email, bad), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_is_international() {
        assert!(accepts(phone, "+84123456789"));
        for bad in ["84123456789", "+0123456789", "+12", "+1234567890123456", "+84 123"] {
            assert!(!accepts(phone, bad), "{bad}");
        }
    }

    #[test]
    fn only_web_addresses_are_taken() {
        assert!(accepts(web_url, "https://cdn.example.com/a.jpg"));
        assert!(accepts(web_url, "https://cdn.example.com:8443/@ada/a.jpg?x=y@z"));
        for odd in
            ["https://x/\n", "https://x/\r\nSet-Cookie: a", "https://exa\nmple.com/", "https://x/ a", "https://u:p@x/"]
        {
            assert!(!accepts(web_url, odd), "{odd:?}");
        }
        for bad in ["javascript:alert(1)", "ftp://x.y", "data:image/png;base64,AA", "https://", "x"] {
            assert!(!accepts(web_url, bad), "{bad}");
        }
    }

    #[test]
    fn content_is_padded_base64() {
        assert!(accepts(base64_content, "SGVsbG8="));
        for bad in ["", "SGVsbG8", "SGVsbG8==", "*", "SGVs bG8="] {
            assert!(!accepts(base64_content, bad), "{bad}");
        }
    }

    #[test]
    fn both_spellings_of_an_emoji_are_one_reaction() {
        assert_eq!(canonical_emoji("❤"), canonical_emoji("❤️"));
        assert!(canonical_emoji("👍🏽").is_some());
        for bad in ["", "a", "👍👍", "heart", ":heart:", " 👍"] {
            assert_eq!(canonical_emoji(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_shows_something_and_turns_nothing_around() {
        for good in ["Ada", "Ада", "愛", "👩‍👩‍👧", "a b", "עברית"] {
            assert!(accepts(display_name, good), "{good:?}");
        }
        for bad in ["", " ", "\u{200b}", "\u{feff}", "a\nb", "a\u{1b}b", "a\u{202e}b", "a\u{2066}b"] {
            assert!(!accepts(display_name, bad), "{bad:?}");
        }
    }
}
