use confab_chassis::clock::ManualClock;
use confab_contract::admin::token::OperatorKey;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_768_473_000;

struct Setup {
    key: OperatorKey,
    guard: Guard,
    hand: ManualClock,
}

fn operator_key() -> OperatorKey {
    OperatorKey::from_pkcs8(OperatorKey::generate().expose_secret()).expect("it was just made")
}

fn setup() -> Setup {
    let (key, next) = (operator_key(), operator_key());
    let (clock, hand) = Clock::manual(Timestamp::from_millis(NOW * 1000));
    let host = "chat.host".parse().expect("an id");
    // During a rotation both count.
    let config = AdminConfig::new(host, vec![next.public_key(), key.public_key()]);
    let guard = Guard::new(&config, clock, AdminMetrics::default()).expect("they are keys");
    Setup { key, guard, hand }
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "tenant-admin/chat.host", "iat": NOW, "nbf": NOW, "exp": NOW + 60})
}

impl Setup {
    fn with(&self, change: impl FnOnce(&mut Value)) -> Result<(), TokenError> {
        let mut claims = claims();
        change(&mut claims);
        self.guard.verify(self.key.sign_claims(&claims).expose_secret())
    }
}

#[test]
fn a_token_of_the_operators_opens_for_as_long_as_it_lives() {
    let Setup { key, guard, hand } = setup();
    let token = key.sign(&"chat.host".parse().expect("an id"), Timestamp::from_millis(NOW * 1000));
    assert_eq!(guard.verify(token.expose_secret()), Ok(()));
    hand.advance(59_000);
    assert_eq!(guard.verify(token.expose_secret()), Ok(()));
    hand.advance(1000);
    assert_eq!(guard.verify(token.expose_secret()), Err(TokenError::Expired));
}

#[test]
fn a_token_for_another_host_or_of_another_issuer_does_not_open() {
    let setup = setup();
    assert_eq!(setup.with(|claims| claims["aud"] = json!("tenant-admin/chat.other")), Err(TokenError::Elsewhere));
    assert_eq!(setup.with(|claims| claims["aud"] = json!("confab")), Err(TokenError::Elsewhere));
    assert_eq!(setup.with(|claims| claims["iss"] = json!("https://chat.example.com")), Err(TokenError::Elsewhere));
}

#[test]
fn a_token_that_lives_too_long_or_begins_later_does_not_open() {
    let setup = setup();
    assert_eq!(setup.with(|claims| claims["exp"] = json!(NOW + 120)), Ok(()));
    assert_eq!(setup.with(|claims| claims["exp"] = json!(NOW + 121)), Err(TokenError::TooLong));
    assert_eq!(setup.with(|claims| claims["exp"] = json!(NOW)), Err(TokenError::Expired));
    assert_eq!(setup.with(|claims| claims["nbf"] = json!(NOW + 6)), Err(TokenError::NotYet));
    assert_eq!(setup.with(|claims| claims["iat"] = json!(NOW + 6)), Err(TokenError::NotYet));
    assert_eq!(setup.with(|claims| claims["nbf"] = json!(NOW + 5)), Ok(()), "clocks differ a little");
}

#[test]
fn claims_that_are_missing_or_of_the_wrong_type_do_not_open() {
    let setup = setup();
    for name in ["iss", "aud", "iat", "nbf", "exp"] {
        let removed = setup.with(|claims| drop(claims.as_object_mut().expect("an object").remove(name)));
        assert_eq!(removed, Err(TokenError::Malformed), "{name}");
    }
    for name in ["iat", "nbf", "exp"] {
        let text = |claims: &mut Value| claims[name] = json!((NOW + 60).to_string());
        assert_eq!(setup.with(text), Err(TokenError::Malformed), "{name} as text");
        let fraction = |claims: &mut Value| claims[name] = json!(1.5e9);
        assert_eq!(setup.with(fraction), Err(TokenError::Malformed), "{name} as a fraction");
    }
    assert_eq!(setup.with(|claims| claims["aud"] = json!(["tenant-admin/chat.host"])), Err(TokenError::Malformed));
}

#[test]
fn a_key_that_is_not_listed_does_not_open() {
    let Setup { guard, .. } = setup();
    let token = operator_key().sign_claims(&claims());
    assert_eq!(guard.verify(token.expose_secret()), Err(TokenError::UnknownKey));
}

/// The same claims under another header, signed by the operator's own key where that is possible.
fn forged(key: &OperatorKey, header: &Value) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let genuine = key.sign_claims(&claims());
    let (_, rest) = genuine.expose_secret().split_once('.').expect("three parts");
    format!("{}.{rest}", BASE64.encode(header.to_string()))
}

#[test]
fn no_other_algorithm_and_no_header_that_steers_opens() {
    let Setup { key, guard, .. } = setup();
    let kid = key_id(&public_key_of(&key.public_key()).expect("a key"));
    for alg in ["none", "None", "HS256", "RS256", "ES256", "eddsa", ""] {
        let token = forged(&key, &json!({"alg": alg, "typ": "JWT", "kid": kid}));
        assert_eq!(guard.verify(&token), Err(TokenError::Algorithm), "{alg}");
    }
    for steering in ["jku", "jwk", "x5u", "x5c", "crit"] {
        let token = forged(&key, &json!({"alg": "EdDSA", "typ": "JWT", "kid": kid, steering: "x"}));
        assert_eq!(guard.verify(&token), Err(TokenError::Malformed), "{steering}");
    }
    let without_kid = forged(&key, &json!({"alg": "EdDSA", "typ": "JWT"}));
    assert_eq!(guard.verify(&without_kid), Err(TokenError::Malformed));
    // What was signed includes the header.
    let reordered = forged(&key, &json!({"alg": "EdDSA", "kid": kid}));
    assert_eq!(guard.verify(&reordered), Err(TokenError::Signature));
}

#[test]
fn hs256_with_the_public_key_as_its_secret_does_not_open() {
    use aws_lc_rs::hmac;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let Setup { key, guard, .. } = setup();
    let public = public_key_of(&key.public_key()).expect("a key");
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": key_id(&public)});
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims().to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), message.as_bytes());
    assert_eq!(guard.verify(&format!("{message}.{}", BASE64.encode(tag))), Err(TokenError::Algorithm));
}

#[test]
fn what_was_tampered_with_does_not_open_and_nothing_panics() {
    let Setup { key, guard, .. } = setup();
    let token = key.sign_claims(&claims());
    let token = token.expose_secret();
    assert_eq!(guard.verify(token), Ok(()));
    for index in (0..token.len()).step_by(3) {
        let mut tampered = token.to_owned().into_bytes();
        tampered[index] = if tampered[index] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).expect("letters");
        assert!(guard.verify(&tampered).is_err(), "{index}");
    }
    for strange in ["", ".", "..", "...", "a.b.c", &"a".repeat(5000), "\u{0}.\u{0}.\u{0}"] {
        assert!(guard.verify(strange).is_err(), "{strange:?}");
    }
}

#[test]
fn there_is_one_header_and_it_is_a_bearer() {
    let Setup { guard, key, .. } = setup();
    let token = key.sign_claims(&claims());
    let value = |text: String| text.parse::<tonic::metadata::MetadataValue<_>>().expect("a value");
    let ask = |values: &[String]| {
        let mut request = Request::new(());
        for text in values {
            request.metadata_mut().append("authorization", value(text.clone()));
        }
        guard.check(request).map(drop).map_err(|status| status.code())
    };
    let token = token.expose_secret();
    assert_eq!(ask(&[format!("Bearer {token}")]), Ok(()));
    let refused = Err(tonic::Code::Unauthenticated);
    assert_eq!(ask(&[]), refused);
    assert_eq!(ask(&[format!("Basic {token}")]), refused);
    assert_eq!(ask(&[token.to_owned()]), refused);
    assert_eq!(ask(&[format!("Bearer {token}"), format!("Bearer {token}")]), refused);
}
