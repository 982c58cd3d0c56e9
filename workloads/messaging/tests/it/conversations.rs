//! Conversations as one reader sees them.

use confab_contract::config::tenant::Encryption;
use futures_util::future::join_all;
use serde_json::json;

use crate::client::{base64, text};
use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_direct_conversation_exists_once_for_each_pair(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let made = john.post("/v1/conversations", json!({"type": "direct", "participant_id": jane.id})).await;
        let data = made.data(201);
        assert_eq!((&data["type"], &data["name"]), (&json!("direct"), &json!("janedoe")));
        assert_eq!(data["participants"][0]["user_id"], jane.id.as_str());
        let again = jane.post("/v1/conversations", json!({"type": "direct", "participant_id": john.id})).await;
        assert_eq!(again.data(200)["conversation_id"], data["conversation_id"]);
        assert_eq!(again.data(200)["name"], "johndoe");
    }

    async fn a_direct_conversation_made_by_both_at_once_is_one(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let tries = join_all((0..10).map(|n| {
            let (from, to) = if n % 2 == 0 { (&john, &jane) } else { (&jane, &john) };
            from.direct(to)
        })).await;
        assert!(tries.windows(2).all(|pair| pair[0] == pair[1]), "{tries:?}");
        assert_eq!(john.get("/v1/conversations").await.data(200)["total"], 1);
        assert_eq!(john.events(&tries[0]).await.len(), 1);
    }

    async fn a_group_is_made_named_and_shown(world: &World) {
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let body = json!({
            "type": "group", "name": "Project Team", "participant_ids": [jane.id, jack.id],
            "avatar_url": "https://cdn.example.com/group.jpg",
        });
        let made = john.post("/v1/conversations", body).await;
        let data = made.data(201);
        assert_eq!((&data["name"], &data["role"], &data["participant_count"]), (&json!("Project Team"), &json!("owner"), &json!(3)));
        let path = format!("/v1/conversations/{}", text(&data["conversation_id"]));
        john.put(&path, json!({"name": "Team 2"})).await.is(200);
        let changed = john.put(&path, json!({"avatar_url": null})).await;
        assert_eq!((&changed.data(200)["name"], &changed.data(200)["avatar_url"]), (&json!("Team 2"), &json!(null)));
        jane.put(&path, json!({"name": "Mine"})).await.refuses(403, "AUTHORIZATION_FAILED");
        assert_eq!(jane.get(&path).await.data(200)["name"], "Team 2");
        let kinds: Vec<_> = jane.events(&text(&data["conversation_id"])).await.iter().map(|event| text(&event["type"])).collect();
        assert_eq!(kinds, ["conversation_created", "conversation_updated", "conversation_updated"]);
    }

    async fn the_list_shows_the_newest_message_and_what_is_unread(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        jane.say(&conversation, "Hello").await;
        jane.say(&conversation, "How are you?").await;
        let list = john.get("/v1/conversations").await;
        let shown = &list.data(200)["conversations"][0];
        assert_eq!((&shown["unread_count"], &shown["last_message"]["content"]), (&json!(2), &json!("How are you?")));
        assert_eq!(shown["last_message"]["is_read"], false);
        let hers = jane.conversation(&conversation).await;
        assert_eq!((&hers["unread_count"], &hers["last_message"]["is_read"]), (&json!(0), &json!(true)));
    }

    async fn content_is_not_shown_in_lists_when_it_is_encrypted_end_to_end(world: &World) {
        world.change_tenant(|tenant| tenant.encryption = Encryption::EndToEnd);
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        jane.say(&conversation, "Hello").await;
        assert_eq!(john.conversation(&conversation).await["last_message"]["content"], json!(null));
    }

    async fn content_that_is_no_text_is_not_shown_in_lists(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        let path = format!("/v1/conversations/{conversation}/messages");
        john.post(&path, json!({"content_encrypted": base64("Hello"), "message_type": "image"})).await.is(201);
        assert_eq!(john.conversation(&conversation).await["last_message"]["content"], json!(null));
        john.post(&path, json!({"content_encrypted": "/////w=="})).await.is(201);
        assert_eq!(john.conversation(&conversation).await["last_message"]["content"], json!(null));
    }

    async fn pins_come_first_and_pin_and_mute_are_ones_own(world: &World) {
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let (first, second) = (john.direct(&jane).await, john.direct(&jack).await);
        world.turn_clock(1000);
        john.say(&second, "newer").await;
        john.put(&format!("/v1/conversations/{first}/pin"), json!(null)).await.is(200);
        let list = john.get("/v1/conversations").await;
        assert_eq!(list.data(200)["conversations"][0]["conversation_id"], first.as_str());
        assert_eq!(jane.conversation(&first).await["is_pinned"], false);
        john.delete(&format!("/v1/conversations/{first}/pin")).await.is(200);
        assert_eq!(john.conversation(&first).await["is_pinned"], false);

        let mute = format!("/v1/conversations/{first}/mute");
        john.call(reqwest::Method::PUT, &mute, None).await.is(200);
        john.put(&mute, json!({})).await.is(200);
        assert_eq!(john.conversation(&first).await["is_muted"], true);
        assert_eq!(jane.conversation(&first).await["is_muted"], false);
        john.delete(&mute).await.is(200);
        assert_eq!(john.conversation(&first).await["is_muted"], false);
        let until = world.now().plus_millis(60_000).to_string();
        john.put(&mute, json!({"until": until})).await.is(200);
        assert_eq!(john.conversation(&first).await["muted_until"], until.as_str());
        world.turn_clock(61_000);
        assert_eq!(john.conversation(&first).await["is_muted"], false);
        john.put(&mute, json!({"until": until})).await.blames("until");
    }

    async fn lists_are_read_page_by_page(world: &World) {
        let john = world.person("johndoe").await;
        for _ in 0..3 {
            john.group(&[]).await;
        }
        let page = john.get("/v1/conversations?limit=2&offset=2").await;
        assert_eq!(page.data(200)["conversations"].as_array().unwrap().len(), 1);
        let expected = json!({"limit": 2, "offset": 2, "total": 3, "has_next": false, "has_prev": true});
        assert_eq!(page.pagination(), &expected);
    }
}
