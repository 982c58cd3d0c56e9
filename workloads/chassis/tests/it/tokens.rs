//! Security checklist, tokens: everything that must be refused is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_chassis::clock::{Clock, ManualClock};
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::Tenant;
use confab_chassis::token::{KeyMaterial, Keyring, Revocations, TokenError, Verifier, generate_key, refresh};
use confab_contract::config::tenant::TenantConfig;
use confab_contract::{SessionId, Timestamp, UserId};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::fixture::{key, tenant_config};

struct Setup {
    tenant: Tenant,
    key: KeyMaterial,
    verifier: Verifier,
    clock: Clock,
    hand: ManualClock,
}

fn setup() -> Setup {
    let (clock, hand) = Clock::manual(Timestamp::from_millis(1_736_937_000_000));
    let (tenant, key) = (Tenant::new(tenant_config()), key(clock.now()));
    let keyring = Keyring::new();
    keyring.replace(tenant.id(), vec![key.clone()]);
    let verifier = Verifier::new(keyring, Revocations::new(), clock.clone());
    Setup { tenant, key, verifier, clock, hand }
}

impl Setup {
    fn issue(&self) -> String {
        let keyring = self.verifier.keyring();
        keyring.sign(&self.tenant, UserId::generate(), SessionId::generate(), self.clock.now()).unwrap().0
    }

    fn claims(&self) -> Value {
        let now = self.clock.now().as_seconds();
        json!({
            "iss": "https://chat.example.com", "aud": "confab", "tid": "default.demo",
            "sub": UserId::generate().to_string(), "sid": SessionId::generate().to_string(),
            "iat": now, "nbf": now, "exp": now + 3600,
        })
    }

    fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": "EdDSA", "kid": self.key.kid })
    }

    /// A token with whatever header and claims, properly signed by the tenant's key.
    fn forge(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let pair = Ed25519KeyPair::from_pkcs8(self.key.private_key.expose_secret()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims[name] = value;
        self.forge(&self.header(), &claims)
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header();
        header[name] = value;
        self.forge(&header, &self.claims())
    }

    /// Asks twice, so that the memory of the verifier is asked too.
    fn verdict(&self, token: &str) -> Option<TokenError> {
        let first = self.verifier.verify(&self.tenant, token).err();
        assert_eq!(self.verifier.verify(&self.tenant, token).err(), first);
        assert_eq!(self.verifier.verify_once(&self.tenant, token).err(), first);
        first
    }
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[test]
fn what_we_issue_holds_and_says_who_it_is() {
    let setup = setup();
    let (user, session, now) = (UserId::generate(), SessionId::generate(), setup.clock.now());
    let (token, expires) = setup.verifier.keyring().sign(&setup.tenant, user, session, now).unwrap();
    let claims = setup.verifier.verify(&setup.tenant, &token).unwrap();
    assert_eq!((claims.sub, claims.sid, &claims.tid), (user, session, setup.tenant.id()));
    assert_eq!((claims.exp, claims.exp.millis_since(now)), (expires, 3_600_000));
}

#[test]
fn the_forger_of_these_tests_forges_well() {
    let setup = setup();
    assert_eq!(setup.verdict(&setup.forge(&setup.header(), &setup.claims())), None);
}

#[test]
fn other_algorithms_are_refused() {
    let setup = setup();
    for algorithm in ["none", "None", "NONE", "HS256", "RS256", "ES256", "eddsa", "Ed25519", ""] {
        assert_eq!(setup.verdict(&setup.with_header("alg", algorithm.into())), Some(TokenError::Algorithm));
    }
    let unsigned = message(&json!({ "alg": "none", "kid": setup.key.kid }), &setup.claims()) + ".";
    assert_eq!(setup.verdict(&unsigned), Some(TokenError::Algorithm));
    let empty_signature = message(&setup.header(), &setup.claims()) + ".";
    assert_eq!(setup.verdict(&empty_signature), Some(TokenError::Signature));
}

#[test]
fn hs256_with_the_public_key_as_its_secret_is_refused() {
    let setup = setup();
    let header = json!({ "typ": "JWT", "alg": "HS256", "kid": setup.key.kid });
    let message = message(&header, &setup.claims());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &setup.key.public_key);
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes())));
    assert_eq!(setup.verdict(&token), Some(TokenError::Algorithm));
}

#[test]
fn an_unknown_or_missing_kid_is_refused() {
    let setup = setup();
    assert_eq!(setup.verdict(&setup.with_header("kid", "other".into())), Some(TokenError::UnknownKey));
    for kid in [Value::Null, json!(7), json!(["a"])] {
        assert_eq!(setup.verdict(&setup.with_header("kid", kid)), Some(TokenError::Malformed));
    }
    let without = setup.forge(&json!({ "typ": "JWT", "alg": "EdDSA" }), &setup.claims());
    assert_eq!(setup.verdict(&without), Some(TokenError::Malformed));
}

#[test]
fn headers_that_would_steer_verification_are_refused() {
    let setup = setup();
    let jwk = setup.verifier.keyring().jwks(setup.tenant.id())["keys"][0].clone();
    let steering = [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!(1)),
    ];
    for (name, value) in steering {
        assert_eq!(setup.verdict(&setup.with_header(name, value)), Some(TokenError::Malformed), "{name}");
    }
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    let setup = setup();
    let later = setup.clock.now().as_seconds() + 3600;
    for time in ["exp", "nbf", "iat"] {
        for value in [json!(later.to_string()), json!(1e12), json!(1.5), json!([later]), json!(true), Value::Null] {
            assert_eq!(setup.verdict(&setup.with_claim(time, value)), Some(TokenError::Malformed), "{time}");
        }
    }
    for name in ["sub", "sid", "iss", "aud", "tid"] {
        for value in [json!(7), json!(["confab"]), json!({}), Value::Null] {
            assert_eq!(setup.verdict(&setup.with_claim(name, value)), Some(TokenError::Malformed), "{name}");
        }
    }
    assert_eq!(setup.verdict(&setup.with_claim("sub", "conv_0".into())), Some(TokenError::Malformed));
}

#[test]
fn every_claim_must_be_there() {
    let setup = setup();
    for name in ["iss", "aud", "sub", "tid", "sid", "iat", "nbf", "exp"] {
        let mut claims = setup.claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(setup.verdict(&setup.forge(&setup.header(), &claims)), Some(TokenError::Malformed), "{name}");
    }
}

#[test]
fn another_issuer_audience_or_tenant_is_refused() {
    let setup = setup();
    let elsewhere = [
        ("iss", "https://chat.example.com/"),
        ("iss", "http://chat.example.com"),
        ("iss", "https://other.example.com"),
        ("aud", "confab-2fa"),
        ("aud", "Confab"),
        ("aud", ""),
        ("tid", "default.other"),
    ];
    for (name, value) in elsewhere {
        assert_eq!(setup.verdict(&setup.with_claim(name, value.into())), Some(TokenError::Elsewhere), "{name} {value}");
    }
}

#[test]
fn another_tenants_token_is_refused_even_where_both_are_served_and_it_was_remembered() {
    let setup = setup();
    let other = Tenant::new(TenantConfig::new("default.other".parse().unwrap(), "other.example.com"));
    let theirs = key(setup.clock.now());
    setup.verifier.keyring().replace(other.id(), vec![theirs]);
    let now = setup.clock.now();
    let (token, _) = setup.verifier.keyring().sign(&other, UserId::generate(), SessionId::generate(), now).unwrap();
    assert!(setup.verifier.verify(&other, &token).is_ok(), "it holds at home");
    assert_eq!(setup.verdict(&token), Some(TokenError::UnknownKey));

    // Even when both tenants had one key, by some accident.
    setup.verifier.keyring().replace(other.id(), vec![setup.key.clone()]);
    let (token, _) = setup.verifier.keyring().sign(&other, UserId::generate(), SessionId::generate(), now).unwrap();
    assert!(setup.verifier.verify(&other, &token).is_ok(), "it holds at home");
    assert_eq!(setup.verdict(&token), Some(TokenError::Elsewhere));
}

#[test]
fn times_are_kept_exactly_and_looked_at_each_time() {
    let setup = setup();
    let now = setup.clock.now().as_seconds();
    assert_eq!(setup.verdict(&setup.with_claim("nbf", json!(now + 6))), Some(TokenError::NotYet));
    assert_eq!(setup.verdict(&setup.with_claim("iat", json!(now + 6))), Some(TokenError::NotYet));
    assert_eq!(setup.verdict(&setup.with_claim("nbf", json!(now + 5))), None);
    assert_eq!(setup.verdict(&setup.with_claim("exp", json!(now))), Some(TokenError::Expired));
    assert_eq!(setup.verdict(&setup.with_claim("exp", json!(i64::MIN))), Some(TokenError::Expired));
    assert_eq!(setup.verdict(&setup.with_claim("nbf", json!(i64::MAX))), Some(TokenError::NotYet));

    let token = setup.issue();
    assert_eq!(setup.verdict(&token), None);
    setup.hand.advance(3_599_999);
    assert_eq!(setup.verdict(&token), None);
    setup.hand.advance(1);
    assert_eq!(setup.verdict(&token), Some(TokenError::Expired));
}

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let setup = setup();
    let token = setup.issue();
    assert_eq!(setup.verdict(&token), None);
    for index in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        assert!(setup.verdict(&tampered).is_some(), "byte {index} of {token}");
    }
}

#[test]
fn strange_texts_are_refused_without_a_panic() {
    let setup = setup();
    let token = setup.issue();
    let long = "a".repeat(3000);
    let strange = [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        &long,
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}.{token}"),
        &format!("{token}="),
        &format!(" {token}"),
        &format!("{token}\n"),
    ]
    .map(str::to_owned);
    for text in strange {
        assert!(setup.verdict(&text).is_some(), "{text}");
    }
}

#[test]
fn refresh_and_access_tokens_do_not_pass_for_each_other() {
    let setup = setup();
    let master = MasterKey::from_bytes(&[1; 32]);
    let refresh_token = refresh::issue(&master, setup.tenant.id(), SessionId::generate(), "salt", 1);
    assert_eq!(setup.verdict(&refresh_token), Some(TokenError::Malformed));
    assert!(refresh::parse(&setup.issue()).is_none());
}

#[test]
fn a_revoked_session_is_refused_at_once_although_its_token_was_remembered() {
    let setup = setup();
    let token = setup.issue();
    let claims = setup.verifier.verify(&setup.tenant, &token).unwrap();
    setup.verifier.revocations().revoke(&claims.tid, claims.sid, claims.iat);
    assert_eq!(setup.verdict(&token), Some(TokenError::Revoked));
}

#[test]
fn a_key_that_is_withdrawn_takes_its_remembered_tokens_with_it() {
    let setup = setup();
    let token = setup.issue();
    assert_eq!(setup.verdict(&token), None);
    setup.verifier.keyring().replace(setup.tenant.id(), vec![key(setup.clock.now())]);
    assert_eq!(setup.verdict(&token), Some(TokenError::UnknownKey));
}

#[test]
fn no_token_outlives_the_key_that_verifies_it() {
    let setup = setup();
    let now = setup.clock.now();
    let short = generate_key(now, now.plus_millis(600_000), now.plus_millis(900_000));
    setup.verifier.keyring().replace(setup.tenant.id(), vec![short.clone()]);
    let token = setup.verifier.keyring().sign(&setup.tenant, UserId::generate(), SessionId::generate(), now);
    let (token, expires) = token.unwrap();
    assert_eq!(expires, short.expires_at);
    assert_eq!(setup.verifier.verify(&setup.tenant, &token).unwrap().exp, short.expires_at);
}

#[test]
fn a_key_verifies_until_it_expires_and_signs_until_it_retires() {
    let setup = setup();
    let now = setup.clock.now();
    let short = generate_key(now, now.plus_millis(1000), now.plus_millis(2000));
    setup.verifier.keyring().replace(setup.tenant.id(), vec![short]);
    let token = setup.issue();
    setup.hand.advance(1000);
    let refused =
        setup.verifier.keyring().sign(&setup.tenant, UserId::generate(), SessionId::generate(), setup.clock.now());
    assert!(refused.is_err());
    assert_eq!(setup.verdict(&token), None);
    setup.hand.advance(1000);
    assert_eq!(setup.verdict(&token), Some(TokenError::UnknownKey));
}

#[test]
fn the_jwk_set_is_enough_to_verify_and_holds_nothing_private() {
    let setup = setup();
    let set: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(setup.verifier.keyring().jwks(setup.tenant.id())).unwrap();
    let jwk = set.find(&setup.key.kid).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&["confab"]);
    validation.validate_exp = false;
    let decoding = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    jsonwebtoken::decode::<Value>(setup.issue(), &decoding, &validation).unwrap();
    let text = setup.verifier.keyring().jwks(setup.tenant.id()).to_string();
    assert!(!text.contains("\"d\""), "{text}");
    assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), setup.key.kid);
}

#[test]
fn nothing_of_a_key_is_printed() {
    let setup = setup();
    let text = format!("{:?} {:?} {:?}", setup.key, setup.verifier, setup.verifier.keyring());
    let private = format!("{:?}", setup.key.private_key.expose_secret());
    assert!(!text.contains(private.trim_matches(['[', ']'])));
}

/// Four threads sign and verify while keys rotate every simulated hour, each made before it is needed.
#[test]
fn keys_rotate_under_load_and_no_valid_token_is_refused() {
    let setup = Arc::new(setup());
    let (stop, checked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let hour = 3_600_000;
    let start = setup.clock.now();
    // Each signs for an hour and verifies for one more, and ten minutes: tokens live for an hour.
    let keys: Vec<KeyMaterial> = (0..40i64)
        .map(|number| {
            let from = start.plus_millis(number * hour);
            generate_key(from, from.plus_millis(hour), from.plus_millis(2 * hour + 600_000))
        })
        .collect();
    setup.verifier.keyring().replace(setup.tenant.id(), keys[..2].to_vec());

    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (setup, stop, checked) = (Arc::clone(&setup), Arc::clone(&stop), Arc::clone(&checked));
            std::thread::spawn(move || {
                let mut tokens = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let issued = setup.clock.now();
                    tokens.push((setup.issue(), issued));
                    for (token, issued) in tokens.iter().rev().take(5) {
                        let verdict = setup.verifier.verify(&setup.tenant, token);
                        // The clock may have moved on between.
                        let expired = setup.clock.now().millis_since(*issued) >= hour - 1000;
                        assert!(verdict.is_ok() || expired, "{verdict:?} at {:?}", setup.clock.now());
                        checked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for number in 0..38usize {
        for _ in 0..12 {
            setup.hand.advance(hour / 12);
            let now = setup.clock.now();
            let live: Vec<_> = keys[..number + 3.min(keys.len() - number)]
                .iter()
                .filter(|key| key.expires_at > now)
                .cloned()
                .collect();
            setup.verifier.keyring().replace(setup.tenant.id(), live);
            let before = checked.load(Ordering::Relaxed);
            while checked.load(Ordering::Relaxed) < before + 20 && workers.iter().all(|worker| !worker.is_finished()) {
                std::thread::yield_now();
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().unwrap();
    }
}
