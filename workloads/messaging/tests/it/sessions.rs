//! Refresh families, devices, passwords, revocation.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{PASSWORD, text};
use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_refresh_gives_the_next_pair(world: &World) {
        let john = world.person("johndoe").await;
        let answer = john.refresh(&john.refresh_token).await;
        let data = answer.data(200);
        assert_eq!((&data["token_type"], &data["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_ne!(data["refresh_token"], john.refresh_token.as_str());
        john.with_token(&text(&data["access_token"])).get("/v1/users/me").await.is(200);
        john.refresh(&text(&data["refresh_token"])).await.is(200);
    }

    async fn a_lost_reply_may_be_asked_for_again_and_has_the_same_successor(world: &World) {
        let john = world.person("johndoe").await;
        let first = john.refresh(&john.refresh_token).await.data(200).clone();
        world.turn_clock(9_000);
        let again = john.refresh(&john.refresh_token).await.data(200).clone();
        assert_eq!(first["refresh_token"], again["refresh_token"]);
        john.refresh(&text(&again["refresh_token"])).await.is(200);
    }

    async fn a_token_used_twice_ends_its_whole_family(world: &World) {
        let john = world.person("johndoe").await;
        let other_device = john.on_another_device("phone").await;
        let next = john.refresh(&john.refresh_token).await.data(200).clone();
        world.turn_clock(11_000);
        john.refresh(&john.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh(&text(&next["refresh_token"])).await.refuses(401, "AUTHENTICATION_FAILED");
        john.with_token(&text(&next["access_token"])).get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        other_device.get("/v1/users/me").await.is(200);
    }

    async fn a_token_whose_successor_was_used_is_not_given_again(world: &World) {
        let john = world.person("johndoe").await;
        let second = john.refresh(&john.refresh_token).await.data(200).clone();
        let third = john.refresh(&text(&second["refresh_token"])).await.data(200).clone();
        john.refresh(&john.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh(&text(&third["refresh_token"])).await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn fifty_uses_at_once_leave_one_live_family(world: &World) {
        let john = world.person("johndoe").await;
        let answers = join_all((0..50).map(|_| john.refresh(&john.refresh_token))).await;
        let successors: Vec<&Value> = answers.iter().map(|answer| &answer.data(200)["refresh_token"]).collect();
        assert!(successors.windows(2).all(|pair| pair[0] == pair[1]), "one successor for all");
        john.refresh(&text(successors[0])).await.is(200);
        assert_eq!(john.get("/v1/users/me/sessions").await.data(200)["total"], 1);
    }

    async fn only_refresh_tokens_refresh_and_only_access_tokens_open_routes(world: &World) {
        let john = world.person("johndoe").await;
        let access = john.token.clone().unwrap();
        john.refresh(&access).await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh("rt_").await.refuses(401, "AUTHENTICATION_FAILED");
        let mut parts = john.refresh_token.splitn(3, '.');
        let (session, generation, proof) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let forged = format!("{session}.{}.{proof}", generation.parse::<u32>().unwrap() + 1);
        john.refresh(&forged).await.refuses(401, "AUTHENTICATION_FAILED");
        john.with_token(&john.refresh_token).get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh(&john.refresh_token).await.is(200);
    }

    async fn a_session_ends_when_it_is_not_refreshed_in_time(world: &World) {
        let john = world.person("johndoe").await;
        world.turn_clock(31 * 24 * 3600 * 1000);
        john.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh(&john.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn devices_are_listed_and_signed_out_one_by_one(world: &World) {
        let john = world.person("johndoe").await;
        let phone = john.on_another_device("phone").await;
        let answer = john.get("/v1/users/me/sessions").await;
        let sessions = answer.data(200)["sessions"].as_array().unwrap().clone();
        assert_eq!((sessions.len(), &answer.pagination()["total"]), (2, &json!(2)));
        assert_eq!((&sessions[0]["device_id"], &sessions[0]["user_agent"]), (&json!("phone"), &json!("it/1")));
        assert_eq!((&sessions[0]["is_current"], &sessions[1]["is_current"]), (&json!(false), &json!(true)));
        assert_eq!(sessions[0]["address"], "127.0.0.1");

        let path = format!("/v1/users/me/sessions/{}", text(&sessions[0]["session_id"]));
        john.delete(&path).await.is(200);
        phone.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        john.delete(&path).await.refuses(404, "NOT_FOUND");
        john.get("/v1/users/me").await.is(200);
    }

    async fn every_other_device_is_signed_out_together(world: &World) {
        let john = world.person("johndoe").await;
        let (phone, tablet) = (john.on_another_device("phone").await, john.on_another_device("tablet").await);
        phone.delete("/v1/users/me/sessions").await.is(200);
        for gone in [&john, &tablet] {
            gone.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        }
        phone.get("/v1/users/me").await.is(200);
    }

    async fn a_new_password_signs_out_every_other_device(world: &World) {
        let john = world.person("johndoe").await;
        let phone = john.on_another_device("phone").await;
        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        let new = "correct-horse-7-staple";
        john.put("/v1/users/me/password", change("not the password", new)).await.blames("current_password");
        john.put("/v1/users/me/password", change(PASSWORD, "password1")).await.blames("new_password");
        phone.get("/v1/users/me").await.is(200);
        john.put("/v1/users/me/password", change(PASSWORD, new)).await.is(200);
        phone.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        phone.refresh(&phone.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        john.get("/v1/users/me").await.is(200);
        john.login(&john.email(), PASSWORD, None).await.refuses(401, "AUTHENTICATION_FAILED");
        john.login(&john.email(), new, None).await.is(200);
    }

    async fn a_session_of_somebody_else_cannot_be_ended(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let sessions = john.get("/v1/users/me/sessions").await;
        let id = text(&sessions.data(200)["sessions"][0]["session_id"]);
        jane.delete(&format!("/v1/users/me/sessions/{id}")).await.refuses(404, "NOT_FOUND");
        john.get("/v1/users/me").await.is(200);
    }

    async fn a_revocation_is_felt_by_another_process(world: &World) {
        let john = world.person("johndoe").await;
        let replica = world.another_process().await;
        let there = replica.client().with_token(john.token.as_deref().unwrap());
        there.get("/v1/users/me").await.is(200);
        john.call(Method::POST, "/v1/auth/logout", None).await.is(200);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while there.get("/v1/users/me").await.status == 200 {
            assert!(std::time::Instant::now() < deadline, "the other process never hears of it");
        }
    }

    async fn a_revocation_is_known_to_a_process_that_starts_later(world: &World) {
        let john = world.person("johndoe").await;
        john.call(Method::POST, "/v1/auth/logout", None).await.is(200);
        let replica = world.another_process().await;
        let there = replica.client().with_token(john.token.as_deref().unwrap());
        there.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn suspension_ends_every_session(world: &World) {
        let john = world.person("johndoe").await;
        world.suspend(&john).await;
        john.refresh(&john.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while john.get("/v1/users/me").await.status == 200 {
            assert!(std::time::Instant::now() < deadline, "the session goes on");
        }
    }
}
