//! Catching up with what happened on other devices and meanwhile.

use serde_json::{Value, json};

use crate::client::{Person, text};
use crate::engines::on_both_engines;

async fn sync(person: &Person, since: Option<&str>) -> Value {
    let query = since.map(|cursor| format!("?since={cursor}")).unwrap_or_default();
    person.get(&format!("/v1/sync{query}")).await.data(200).clone()
}

fn cursor(page: &Value) -> String {
    text(&page["next_cursor"])
}

on_both_engines! {
    async fn what_changed_since_a_cursor_comes_with_its_events(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let (quiet, busy) = (john.group(&[&jane]).await, john.direct(&jane).await);
        let begin = sync(&jane, None).await;
        assert_eq!(begin["conversations"].as_array().unwrap().len(), 2);
        assert!(begin["conversations"].as_array().unwrap().iter().all(|changed| changed["events"] == json!([])));
        john.say(&busy, "hello").await;
        let page = sync(&jane, Some(&cursor(&begin))).await;
        let changed = page["conversations"].as_array().unwrap();
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0]["conversation"]["conversation_id"], busy.as_str());
        assert_eq!(changed[0]["conversation"]["unread_count"], 1);
        assert_eq!(changed[0]["events"][0], *jane.events(&busy).await.last().unwrap());
        let end = sync(&jane, Some(&cursor(&page))).await;
        assert_eq!((&end["conversations"], &end["has_more"]), (&json!([]), &json!(false)));
        assert_eq!(jane.events(&quiet).await.len(), 1);
    }

    async fn ones_own_state_reaches_the_other_devices(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        let message = john.say(&conversation, "hello").await;
        let mut since = cursor(&sync(&jane, None).await);
        jane.put(&format!("/v1/conversations/{conversation}/pin"), json!(null)).await.is(200);
        let page = sync(&jane, Some(&since)).await;
        assert_eq!(page["conversations"][0]["conversation"]["is_pinned"], true);
        since = cursor(&page);
        jane.delete(&format!("/v1/messages/{message}?delete_for=me")).await.is(200);
        let page = sync(&jane, Some(&since)).await;
        assert_eq!(page["conversations"][0]["hidden_message_ids"], json!([message]));
    }

    async fn leaving_is_told(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let group = john.group(&[&jane]).await;
        let since = cursor(&sync(&jane, None).await);
        john.delete(&format!("/v1/conversations/{group}/members/{}", jane.id)).await.is(200);
        let page = sync(&jane, Some(&since)).await;
        assert_eq!((&page["left"], &page["conversations"]), (&json!([group]), &json!([])));
    }

    async fn many_changes_come_page_by_page_and_none_is_skipped(world: &World) {
        let john = world.person("johndoe").await;
        let mut groups = Vec::new();
        for _ in 0..5 {
            groups.push(john.group(&[]).await);
        }
        let mut seen = Vec::new();
        let mut query = "/v1/sync?limit=2".to_owned();
        for _ in 0..10 {
            let page = john.get(&query).await.data(200).clone();
            let ids = page["conversations"].as_array().unwrap().iter();
            seen.extend(ids.map(|changed| text(&changed["conversation"]["conversation_id"])));
            query = format!("/v1/sync?limit=2&since={}", cursor(&page));
            if page["has_more"] == false {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        groups.sort();
        assert_eq!(seen, groups);
    }

    async fn a_cursor_that_was_changed_or_belongs_to_somebody_else_is_refused(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let elsewhere = world.person_elsewhere("johndoe").await;
        let good = cursor(&sync(&john, None).await);
        let changed = good.replace("c1.", "c1.A");
        for bad in [changed.as_str(), "c1.", "x", "c1.AAAA", "%00", "c2.AAAA"] {
            john.get(&format!("/v1/sync?since={bad}")).await.blames("since");
        }
        jane.get(&format!("/v1/sync?since={good}")).await.blames("since");
        elsewhere.get(&format!("/v1/sync?since={good}")).await.blames("since");
        john.get(&format!("/v1/sync?since={good}")).await.is(200);
    }
}
