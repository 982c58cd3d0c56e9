//! Sending, reading, editing, deleting, receipts.

use confab_chassis::bus::BusEvent;
use confab_contract::bus::Notice;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Person, base64, text};
use crate::engines::on_both_engines;

fn messages(conversation: &str) -> String {
    format!("/v1/conversations/{conversation}/messages")
}

async fn two(world: &crate::world::World) -> (Person, Person, String) {
    let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
    let conversation = john.direct(&jane).await;
    (john, jane, conversation)
}

fn ids(page: &Value) -> Vec<String> {
    page["messages"].as_array().unwrap().iter().map(|message| text(&message["message_id"])).collect()
}

on_both_engines! {
    async fn a_message_is_stored_and_read_as_the_specification_shows(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let first = john.say(&conversation, "Hello").await;
        let metadata = json!({"file_name": "document.pdf", "file_size": 1_024_000});
        let sent = jane.post(&messages(&conversation), json!({
            "content_encrypted": base64("See this"), "message_type": "file", "reply_to_message_id": first,
            "metadata": metadata, "temp_id": "temp_12345",
        })).await;
        let data = sent.data(201);
        assert_eq!((&data["temp_id"], &data["seq"], &data["sender_id"]), (&json!("temp_12345"), &json!(3), &json!(jane.id)));
        let page = john.get(&messages(&conversation)).await.data(200).clone();
        assert_eq!(ids(&page), [text(&data["message_id"]), first.clone()], "the newest first");
        let message = &page["messages"][0];
        assert_eq!((&message["metadata"], &message["message_type"]), (&metadata, &json!("file")));
        assert_eq!(message["reply_to_message_id"], first.as_str());
        assert_eq!(message["delivery_status"], json!({
            "sent": true, "delivered": false, "read": false, "delivered_to": [], "read_by": [],
        }));
        assert_eq!((&message["is_edited"], &message["is_deleted"], &message["reactions"]), (&json!(false), &json!(false), &json!({})));
        assert_eq!(john.get(&format!("/v1/messages/{first}")).await.data(200)["content_encrypted"], base64("Hello"));
    }

    async fn a_retry_with_the_same_temp_id_gives_the_same_message(world: &World) {
        let (john, _, conversation) = two(world).await;
        let body = json!({"content_encrypted": base64("once"), "temp_id": "t1"});
        let first = john.post(&messages(&conversation), body.clone()).await.data(201).clone();
        let again = john.post(&messages(&conversation), body).await.data(200).clone();
        assert_eq!(first, again);
        let other = json!({"content_encrypted": base64("twice"), "temp_id": "t1"});
        john.post(&messages(&conversation), other).await.refuses(409, "CONFLICT").names("temp_id");
        assert_eq!(john.events(&conversation).await.len(), 2);
    }

    async fn the_same_send_many_times_at_once_is_stored_once(world: &World) {
        let (john, _, conversation) = two(world).await;
        let path = messages(&conversation);
        let body = json!({"content_encrypted": base64("once"), "temp_id": "t1"});
        let answers = join_all((0..20).map(|_| john.post(&path, body.clone()))).await;
        let new = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!((new, answers.iter().filter(|answer| answer.status == 200).count()), (1, 19));
        assert!(answers.windows(2).all(|pair| pair[0].body["data"] == pair[1].body["data"]));
    }

    async fn seq_is_dense_whoever_sends(world: &World) {
        let (john, jane, conversation) = two(world).await;
        join_all((0..30).map(|n| {
            let (sender, conversation) = (if n % 2 == 0 { &john } else { &jane }, &conversation);
            async move { sender.say(conversation, &format!("{n}")).await }
        })).await;
        let events = john.events(&conversation).await;
        let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=31).collect::<Vec<_>>());
        assert_eq!(events, jane.events(&conversation).await, "the same for every reader");
    }

    async fn messages_are_read_in_both_directions(world: &World) {
        let (john, _, conversation) = two(world).await;
        let mut sent = Vec::new();
        for n in 0..5 {
            sent.push(john.say(&conversation, &format!("{n}")).await);
        }
        let path = messages(&conversation);
        let newest = john.get(&format!("{path}?limit=2")).await.data(200).clone();
        assert_eq!((ids(&newest), &newest["has_more"]), (vec![sent[4].clone(), sent[3].clone()], &json!(true)));
        let before = text(&newest["next_cursor"]);
        let older = john.get(&format!("{path}?limit=2&before={before}")).await.data(200).clone();
        assert_eq!(ids(&older), [sent[2].clone(), sent[1].clone()]);
        let oldest = john.get(&format!("{path}?limit=2&before={}", text(&older["next_cursor"]))).await.data(200).clone();
        assert_eq!((ids(&oldest), &oldest["has_more"]), (vec![sent[0].clone()], &json!(false)));
        let after = john.get(&format!("{path}?limit=3&after={}", sent[0])).await.data(200).clone();
        assert_eq!((ids(&after), &after["has_more"]), (sent[1..4].to_vec(), &json!(true)));
        let last = john.get(&format!("{path}?limit=3&after={}", text(&after["next_cursor"]))).await.data(200).clone();
        assert_eq!((ids(&last), &last["has_more"]), (sent[4..].to_vec(), &json!(false)));
    }

    async fn a_sender_edits_and_the_history_stays(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let id = john.say(&conversation, "one").await;
        let path = format!("/v1/messages/{id}");
        let edited = john.put(&path, json!({"content_encrypted": base64("two")})).await;
        assert_eq!((&edited.data(200)["is_edited"], &edited.data(200)["seq"]), (&json!(true), &json!(3)));
        jane.put(&path, json!({"content_encrypted": base64("mine")})).await.refuses(403, "AUTHORIZATION_FAILED");
        let message = jane.get(&path).await.data(200).clone();
        assert_eq!((&message["content_encrypted"], &message["is_edited"]), (&json!(base64("two")), &json!(true)));
        let edits = jane.get(&format!("{path}/edits")).await.data(200)["versions"].clone();
        let page = jane.get(&format!("{path}/edits?limit=1&offset=1")).await;
        assert_eq!(page.data(200)["versions"], json!([edits[1]]));
        assert_eq!(page.pagination()["total"], edits.as_array().unwrap().len());
        let contents: Vec<_> = edits.as_array().unwrap().iter().map(|version| text(&version["content_encrypted"])).collect();
        assert_eq!(contents, [base64("one"), base64("two")]);
    }

    async fn deleting_for_everyone_takes_the_content_away(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let id = john.say(&conversation, "secret").await;
        let path = format!("/v1/messages/{id}");
        john.put(&path, json!({"content_encrypted": base64("still secret")})).await.is(200);
        jane.delete(&format!("{path}?delete_for=everyone")).await.refuses(403, "AUTHORIZATION_FAILED");
        john.delete(&format!("{path}?delete_for=everyone")).await.is(200);
        let message = jane.get(&path).await.data(200).clone();
        assert_eq!((&message["content_encrypted"], &message["is_deleted"]), (&json!(null), &json!(true)));
        assert_eq!(jane.get(&format!("{path}/edits")).await.data(200)["versions"], json!([]));
        john.delete(&format!("{path}?delete_for=everyone")).await.is(200);
        john.put(&path, json!({"content_encrypted": base64("back")})).await.refuses(409, "CONFLICT");
        john.post(&format!("{path}/reactions"), json!({"emoji": "👍"})).await.refuses(409, "CONFLICT");
        let text = serde_json::to_string(&jane.events(&conversation).await).unwrap();
        assert!(!text.contains(&base64("secret")) && !text.contains(&base64("still secret")), "{text}");
    }

    async fn an_admin_deletes_messages_of_others_in_a_group(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let group = john.group(&[&jane]).await;
        let (his, hers) = (john.say(&group, "his").await, jane.say(&group, "hers").await);
        jane.delete(&format!("/v1/messages/{his}?delete_for=everyone")).await.refuses(403, "AUTHORIZATION_FAILED");
        john.delete(&format!("/v1/messages/{hers}?delete_for=everyone")).await.is(200);
    }

    async fn deleting_for_oneself_hides_a_message_from_oneself_alone(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let id = john.say(&conversation, "hello").await;
        jane.delete(&format!("/v1/messages/{id}")).await.is(200);
        jane.get(&format!("/v1/messages/{id}")).await.refuses(404, "NOT_FOUND");
        assert_eq!(ids(jane.get(&messages(&conversation)).await.data(200)), Vec::<String>::new());
        assert_eq!(jane.conversation(&conversation).await["unread_count"], 0);
        john.get(&format!("/v1/messages/{id}")).await.is(200);
    }

    async fn reading_is_a_watermark_that_never_goes_back(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let (first, second) = (john.say(&conversation, "1").await, john.say(&conversation, "2").await);
        let read = format!("/v1/conversations/{conversation}/read");
        assert_eq!(jane.conversation(&conversation).await["unread_count"], 2);
        let done = jane.post(&read, json!({"message_id": second})).await;
        assert_eq!(done.is(200).body["message"], "Messages marked as read");
        jane.post(&read, json!({"message_id": first})).await.is(200);
        let hers = jane.conversation(&conversation).await;
        assert_eq!((&hers["unread_count"], &hers["read_seq"]), (&json!(0), &json!(3)));
        let status = john.get(&format!("/v1/messages/{first}")).await.data(200)["delivery_status"].clone();
        assert_eq!(status, json!({
            "sent": true, "delivered": true, "read": true, "delivered_to": [jane.id], "read_by": [jane.id],
        }));
    }

    async fn what_is_committed_is_told_on_the_bus_as_clients_get_it(world: &World) {
        let (john, jane, conversation) = two(world).await;
        let mut subscription = world.process().bus.subscribe();
        subscription.watch_tenant(&"default.demo".parse().unwrap());
        let message = john.say(&conversation, "hello").await;
        let BusEvent::Message(told) = subscription.recv().await else { panic!("something else than a message") };
        let Notice::Timeline(notice) = &told.notice else { panic!("{told:?}") };
        assert_eq!((notice.seq, notice.conversation.to_string()), (2, conversation.clone()));
        let frame: Value = serde_json::from_str(notice.frame.get()).unwrap();
        assert_eq!(&frame, john.events(&conversation).await.last().unwrap(), "the very frame that is read back");

        jane.post(&format!("/v1/conversations/{conversation}/read"), json!({"message_id": message})).await.is(200);
        let BusEvent::Message(told) = subscription.recv().await else { panic!("something else than a message") };
        let Notice::Receipt(receipt) = &told.notice else { panic!("{told:?}") };
        let frame: Value = serde_json::from_str(receipt.frame.get()).unwrap();
        assert_eq!((&frame["type"], &frame["read_seq"], &frame["read_by"]), (&json!("message_read"), &json!(2), &json!(jane.id)));
    }

    async fn nobody_writes_to_a_suspended_person(world: &World) {
        let (john, jane, conversation) = two(world).await;
        world.suspend(&jane).await;
        let body = json!({"content_encrypted": base64("hello")});
        john.post(&messages(&conversation), body).await.refuses(403, "AUTHORIZATION_FAILED");
        assert_eq!(john.events(&conversation).await.len(), 1);
    }
}
