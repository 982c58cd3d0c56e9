//! Nothing of one tenant ever reaches another.

use serde_json::json;

use crate::client::{PASSWORD, base64};
use crate::engines::on_both_engines;

on_both_engines! {
    async fn the_same_name_is_another_account_elsewhere(world: &World) {
        let here = world.person("johndoe").await;
        let there = world.person_elsewhere("johndoe").await;
        assert_ne!(here.id, there.id);
        here.put("/v1/users/me", json!({"bio": "here"})).await.is(200);
        assert_eq!(there.get("/v1/users/me").await.data(200)["bio"], json!(null));
    }

    async fn a_token_opens_its_own_tenant_alone(world: &World) {
        let here = world.person("johndoe").await;
        let elsewhere = world.other_client();
        elsewhere.with_token(here.token.as_deref().unwrap()).get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        elsewhere.refresh(&here.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        elsewhere.login(&here.email(), PASSWORD, None).await.refuses(401, "AUTHENTICATION_FAILED");
        here.refresh(&here.refresh_token).await.is(200);
    }

    async fn ids_of_another_tenant_mean_nothing(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let group = john.group(&[&jane]).await;
        let message = john.say(&group, "hello").await;
        let stranger = world.person_elsewhere("stranger").await;
        stranger.get(&format!("/v1/users/{}", john.id)).await.refuses(404, "NOT_FOUND");
        stranger.get(&format!("/v1/conversations/{group}")).await.refuses(404, "NOT_FOUND");
        stranger.get(&format!("/v1/messages/{message}")).await.refuses(404, "NOT_FOUND");
        let direct = json!({"type": "direct", "participant_id": john.id});
        stranger.post("/v1/conversations", direct).await.refuses(404, "NOT_FOUND").names("participant_id");
        let own = stranger.group(&[]).await;
        let members = format!("/v1/conversations/{own}/members");
        stranger.post(&members, json!({"user_ids": [john.id]})).await.refuses(404, "NOT_FOUND").names("user_ids");
        let reply = json!({"content_encrypted": base64("x"), "reply_to_message_id": message});
        stranger.post(&format!("/v1/conversations/{own}/messages"), reply).await.blames("reply_to_message_id");
        assert_eq!(stranger.get("/v1/users/search?q=doe").await.data(200)["total"], 0);
        assert_eq!(stranger.get("/v1/sync").await.data(200)["conversations"].as_array().unwrap().len(), 1);
    }

    async fn each_tenant_has_its_own_keys(world: &World) {
        let here = world.client().get("/.well-known/jwks.json").await;
        let there = world.other_client().get("/.well-known/jwks.json").await;
        assert_eq!(here.body["keys"].as_array().unwrap().len(), 1);
        assert_ne!(here.body["keys"][0]["kid"], there.body["keys"][0]["kid"]);
        assert!(here.body["keys"][0]["d"].is_null(), "the private half stays here");
        assert_eq!(here.body, world.client().get("/v1/.well-known/jwks.json").await.body);
    }

    async fn a_host_without_a_tenant_is_not_found(world: &World) {
        let nobody = world.process().client_of("nobody.example.com");
        for path in ["/v1/users/me", "/.well-known/jwks.json"] {
            nobody.get(path).await.refuses(404, "NOT_FOUND");
        }
        nobody.login("a@example.com", "x", None).await.refuses(404, "NOT_FOUND");
    }
}
