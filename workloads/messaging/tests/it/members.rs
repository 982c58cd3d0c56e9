//! Who belongs to a group, and as what.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Person, text};
use crate::engines::on_both_engines;

fn members(group: &str) -> String {
    format!("/v1/conversations/{group}/members")
}

async fn role_of(reader: &Person, group: &str, member: &Person) -> Value {
    let answer = reader.get(&members(group)).await;
    let members = answer.data(200)["members"].as_array().unwrap().clone();
    members
        .into_iter()
        .find(|entry| entry["user_id"] == member.id.as_str())
        .map_or(Value::Null, |entry| entry["role"].clone())
}

on_both_engines! {
    async fn admins_add_and_remove_members(world: &World) {
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let group = john.group(&[&jane]).await;
        jane.post(&members(&group), json!({"user_ids": [jack.id]})).await.refuses(403, "AUTHORIZATION_FAILED");
        john.put(&format!("{}/{}", members(&group), jane.id), json!({"role": "admin"})).await.is(200);
        jane.post(&members(&group), json!({"user_ids": [jack.id, jack.id]})).await.is(200);
        assert_eq!(role_of(&jack, &group, &jane).await, "admin");
        jane.post(&members(&group), json!({"user_ids": [jack.id]})).await.is(200);
        let list = jack.get(&members(&group)).await;
        assert_eq!((&list.data(200)["total"], &list.pagination()["total"]), (&json!(3), &json!(3)));

        jack.delete(&format!("{}/{}", members(&group), jane.id)).await.refuses(403, "AUTHORIZATION_FAILED");
        jane.delete(&format!("{}/{}", members(&group), john.id)).await.refuses(403, "AUTHORIZATION_FAILED");
        jane.delete(&format!("{}/{}", members(&group), jack.id)).await.is(200);
        jack.get(&format!("/v1/conversations/{group}")).await.refuses(404, "NOT_FOUND");
        jane.delete(&format!("{}/{}", members(&group), jack.id)).await.refuses(404, "NOT_FOUND");
    }

    async fn who_joins_sees_what_happens_from_then_on(world: &World) {
        let (john, jack) = (world.person("johndoe").await, world.person("jackdoe").await);
        let group = john.group(&[]).await;
        let before = john.say(&group, "before").await;
        john.post(&members(&group), json!({"user_ids": [jack.id]})).await.is(200);
        let after = john.say(&group, "after").await;
        let events = jack.events(&group).await;
        let kinds: Vec<_> = events.iter().map(|event| text(&event["type"])).collect();
        assert_eq!(kinds, ["members_added", "message_received"]);
        jack.get(&format!("/v1/messages/{before}")).await.refuses(404, "NOT_FOUND");
        jack.get(&format!("/v1/messages/{after}")).await.is(200);
        let page = jack.get(&format!("/v1/conversations/{group}/messages")).await;
        assert_eq!(page.data(200)["messages"].as_array().unwrap().len(), 1);
    }

    async fn ownership_is_handed_on(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let group = john.group(&[&jane]).await;
        let path = format!("{}/{}", members(&group), jane.id);
        jane.put(&path, json!({"role": "owner"})).await.refuses(403, "AUTHORIZATION_FAILED");
        john.put(&path, json!({"role": "owner"})).await.is(200);
        assert_eq!((role_of(&john, &group, &jane).await, role_of(&john, &group, &john).await), (json!("owner"), json!("admin")));
    }

    async fn an_owner_who_leaves_is_followed_by_the_eldest_admin(world: &World) {
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let group = john.group(&[&jane, &jack]).await;
        john.put(&format!("{}/{}", members(&group), jack.id), json!({"role": "admin"})).await.is(200);
        john.call(Method::POST, &format!("/v1/conversations/{group}/leave"), None).await.is(200);
        john.get(&format!("/v1/conversations/{group}")).await.refuses(404, "NOT_FOUND");
        assert_eq!(role_of(&jane, &group, &jack).await, "owner");
        john.call(Method::POST, &format!("/v1/conversations/{group}/leave"), None).await.refuses(404, "NOT_FOUND");
    }

    async fn direct_conversations_have_no_members_to_change(world: &World) {
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let direct = john.direct(&jane).await;
        john.post(&members(&direct), json!({"user_ids": [jack.id]})).await.refuses(409, "CONFLICT");
        john.call(Method::POST, &format!("/v1/conversations/{direct}/leave"), None).await.refuses(409, "CONFLICT");
        john.put(&format!("/v1/conversations/{direct}"), json!({"name": "x"})).await.refuses(409, "CONFLICT");
    }

    async fn a_group_does_not_grow_beyond_the_limit(world: &World) {
        world.change_tenant(|tenant| tenant.limits.group_members = 2);
        let (john, jane, jack) = (world.person("johndoe").await, world.person("janedoe").await, world.person("jackdoe").await);
        let body = json!({"type": "group", "name": "Team", "participant_ids": [jane.id, jack.id]});
        john.post("/v1/conversations", body).await.blames("participant_ids");
        let group = john.group(&[&jane]).await;
        john.post(&members(&group), json!({"user_ids": [jack.id]})).await.blames("user_ids");
    }

    async fn suspended_and_unknown_people_are_not_added(world: &World) {
        let (john, jack) = (world.person("johndoe").await, world.person("jackdoe").await);
        let group = john.group(&[]).await;
        world.suspend(&jack).await;
        john.post(&members(&group), json!({"user_ids": [jack.id]})).await.refuses(403, "AUTHORIZATION_FAILED").names("user_ids");
        let nobody = "usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b";
        john.post(&members(&group), json!({"user_ids": [nobody]})).await.refuses(404, "NOT_FOUND").names("user_ids");
        let direct = json!({"type": "direct", "participant_id": nobody});
        john.post("/v1/conversations", direct).await.refuses(404, "NOT_FOUND").names("participant_id");
        let direct = json!({"type": "direct", "participant_id": jack.id});
        john.post("/v1/conversations", direct).await.refuses(403, "AUTHORIZATION_FAILED").names("participant_id");
        assert_eq!(john.conversation(&group).await["participant_count"], 1);
    }

    async fn nobody_adds_or_removes_themselves(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let group = john.group(&[]).await;
        john.post(&members(&group), json!({"user_ids": [jane.id, john.id]})).await.blames("user_ids");
        john.delete(&format!("{}/{}", members(&group), john.id)).await.blames("user_id");
        john.put(&format!("{}/{}", members(&group), john.id), json!({"role": "member"})).await.blames("user_id");
        assert_eq!(john.conversation(&group).await["last_seq"], 1, "nothing happened");
    }
}
