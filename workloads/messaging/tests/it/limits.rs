//! Rate limits: whose bucket, which class, which headers.

use confab_contract::config::tenant::RateLimit;
use reqwest::Method;
use serde_json::json;

use crate::client::{Answer, PASSWORD};
use crate::engines::on_both_engines;

fn remaining(answer: &Answer) -> u32 {
    answer.header("x-ratelimit-remaining").expect("a limited route").parse().unwrap()
}

on_both_engines! {
    async fn regular_requests_are_counted_per_person(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        world.change_tenant(|tenant| tenant.limits.regular = RateLimit { requests: 3, per_seconds: 3600 });
        world.turn_clock(120_000);
        for left in [2, 1, 0] {
            let answer = john.get("/v1/users/me").await;
            assert_eq!((answer.status.as_u16(), remaining(&answer)), (200, left));
            assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        }
        let refused = john.get("/v1/users/me").await;
        refused.refuses(429, "RATE_LIMIT_EXCEEDED");
        assert_eq!((remaining(&refused), refused.header("retry-after")), (0, Some("3600")));
        let reset: i64 = refused.header("x-ratelimit-reset").unwrap().parse().unwrap();
        assert_eq!(reset, world.now().as_seconds() + 3600);
        jane.get("/v1/users/me").await.is(200);
        world.turn_clock(3_600_000);
        // The access token has expired with the hour; a new one has a new window.
        let again = john.login(&john.email(), PASSWORD, None).await.data(200)["access_token"].clone();
        john.with_token(again.as_str().unwrap()).get("/v1/users/me").await.is(200);
    }

    async fn refused_requests_carry_the_headers_too(world: &World) {
        let john = world.person("johndoe").await;
        let refused = john.get("/v1/conversations?limit=0").await;
        refused.blames("limit");
        assert!(refused.header("x-ratelimit-limit").is_some() && refused.header("retry-after").is_none());
    }

    async fn sign_ins_are_counted_per_address(world: &World) {
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 2, per_seconds: 60 });
        for _ in 0..2 {
            let answer = world.client().login("nobody@example.com", "x", None).await;
            assert!(answer.refuses(401, "AUTHENTICATION_FAILED").header("x-ratelimit-limit").is_some());
        }
        let body = json!({"email": "a@example.com", "username": "aaa", "password": PASSWORD});
        let refused = world.client().post("/v1/auth/register", body).await;
        refused.refuses(429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(refused.header("retry-after"), Some("60"));
        world.other_client().login("nobody@example.com", "x", None).await.refuses(401, "AUTHENTICATION_FAILED");
        world.turn_clock(60_000);
        world.client().login("nobody@example.com", "x", None).await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn refreshes_are_counted_per_session(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 2, per_seconds: 60 });
        world.turn_clock(120_000);
        let next = john.refresh(&john.refresh_token).await;
        assert_eq!(remaining(&next), 1);
        let next = next.data(200)["refresh_token"].as_str().unwrap().to_owned();
        john.refresh(&next).await.is(200);
        john.refresh(&next).await.refuses(429, "RATE_LIMIT_EXCEEDED");
        jane.refresh(&jane.refresh_token).await.is(200);
    }

    async fn nobody_can_lock_somebody_else_out(world: &World) {
        let john = world.person("johndoe").await;
        let phone = john.on_another_device("phone").await;
        world.turn_clock(120_000);
        // By address there is plenty; by account there is little, which is what an attacker with many addresses meets.
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 4, per_seconds: 60 });
        let attacker = |n: u32| world.process().stranger_from(&format!("198.51.100.{n}"));
        for n in 1..=16 {
            attacker(n).login(&john.email(), "guess", None).await.refuses(401, "AUTHENTICATION_FAILED");
        }
        attacker(17).login(&john.email(), "guess", None).await.refuses(429, "RATE_LIMIT_EXCEEDED");
        attacker(18).login(&john.email(), "guess", Some("tablet")).await.refuses(429, "RATE_LIMIT_EXCEEDED");
        phone.login(&john.email(), PASSWORD, Some("phone")).await.is(200);
        phone.login(&john.email(), PASSWORD, Some("new")).await.is(200);
    }

    async fn a_guessed_device_id_uses_up_nothing_of_the_device(world: &World) {
        let john = world.person("johndoe").await;
        let phone = john.on_another_device("phone").await;
        world.turn_clock(120_000);
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 4, per_seconds: 60 });
        for n in 1..=30 {
            let attacker = world.process().stranger_from(&format!("198.51.100.{n}"));
            let guess = attacker.login(&john.email(), "guess", Some("phone")).await;
            assert!([401, 429].contains(&guess.status.as_u16()));
        }
        phone.login(&john.email(), PASSWORD, Some("phone")).await.is(200);
    }

    async fn of_ipv6_a_whole_network_is_one_place(world: &World) {
        let john = world.person("johndoe").await;
        let from = |address: &str| world.process().stranger_from(address);
        from("2001:db8:1:1::1").login(&john.email(), PASSWORD, None).await.is(200);
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 2, per_seconds: 60 });
        world.turn_clock(120_000);
        for n in 1..=8 {
            from(&format!("2001:db8:2:{n}::1")).login(&john.email(), "guess", None).await.refuses(401, "AUTHENTICATION_FAILED");
        }
        from("2001:db8:2:9::1").login(&john.email(), PASSWORD, None).await.refuses(429, "RATE_LIMIT_EXCEEDED");
        from("2001:db8:1:1:ffff::9").login(&john.email(), PASSWORD, None).await.is(200);
    }

    async fn refresh_tokens_that_are_none_are_counted_per_address(world: &World) {
        let john = world.person("johndoe").await;
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 3, per_seconds: 60 });
        world.turn_clock(120_000);
        let forger = world.process().stranger_from("198.51.100.1");
        let made_up = john.refresh_token.replace(".0.", ".7.");
        for (token, left) in [("nonsense", 2), ("rt_", 1), (made_up.as_str(), 0)] {
            let answer = forger.refresh(token).await;
            assert_eq!(remaining(answer.refuses(401, "AUTHENTICATION_FAILED")), left, "{token}");
        }
        let refused = forger.refresh(&made_up).await;
        assert_eq!(remaining(refused.refuses(429, "RATE_LIMIT_EXCEEDED")), 0);
        assert_eq!(refused.header("retry-after"), Some("60"));
        // Nothing of it was counted against the session that the made-up token names.
        assert_eq!(remaining(&john.refresh(&john.refresh_token).await), 2);
    }

    async fn made_up_access_tokens_are_counted_per_address_and_expired_ones_are_not(world: &World) {
        let john = world.person("johndoe").await;
        world.change_tenant(|tenant| tenant.limits.regular = RateLimit { requests: 2, per_seconds: 60 });
        world.turn_clock(3_700_000);
        for _ in 0..3 {
            john.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        }
        let forger = world.client().with_token("eyJhbGciOiJub25lIn0.e30.");
        for left in [1, 0] {
            assert_eq!(remaining(forger.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED")), left);
        }
        forger.get("/v1/users/me").await.refuses(429, "RATE_LIMIT_EXCEEDED");
        world.process().stranger_from("198.51.100.1").with_token("x").get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn documents_are_not_limited(world: &World) {
        for path in ["/.well-known/jwks.json", "/v1/.well-known/jwks.json", "/v1/openapi.json", "/docs", "/docs/start.js"] {
            let answer = world.client().get(path).await;
            assert_eq!(answer.header("x-ratelimit-limit"), None, "{path}");
            assert_eq!(answer.status, 200, "{path}");
        }
    }

    async fn signing_out_counts_as_authentication(world: &World) {
        let john = world.person("johndoe").await;
        world.change_tenant(|tenant| tenant.limits.authentication = RateLimit { requests: 7, per_seconds: 60 });
        let answer = john.call(Method::POST, "/v1/auth/logout", None).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (200, Some("7")));
    }
}
