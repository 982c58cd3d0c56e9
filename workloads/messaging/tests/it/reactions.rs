//! An emoji on a message.

use serde_json::json;

use crate::engines::on_both_engines;

on_both_engines! {
    async fn reactions_are_added_and_taken_back(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        let id = john.say(&conversation, "hello").await;
        let path = format!("/v1/messages/{id}/reactions");
        john.post(&path, json!({"emoji": "❤️"})).await.is(200);
        let both = jane.post(&path, json!({"emoji": "❤"})).await;
        assert_eq!(both.data(200)["reactions"], json!({"❤️": [john.id, jane.id]}), "both spellings are one");
        jane.post(&path, json!({"emoji": "❤️"})).await.is(200);
        assert_eq!(john.events(&conversation).await.len(), 4, "reacting twice with the same is reacting once");
        jane.post(&path, json!({"emoji": "👍"})).await.is(200);
        let less = john.delete(&format!("{path}/%E2%9D%A4%EF%B8%8F")).await;
        assert_eq!(less.data(200)["reactions"], json!({"❤️": [jane.id], "👍": [jane.id]}));
        let same = john.delete(&format!("{path}/%F0%9F%91%8D")).await;
        assert_eq!(same.data(200)["reactions"], json!({"❤️": [jane.id], "👍": [jane.id]}), "others' stay");
        assert_eq!(jane.get(&format!("/v1/messages/{id}")).await.data(200)["reactions"]["👍"], json!([jane.id]));
    }

    async fn what_is_no_emoji_is_refused(world: &World) {
        let john = world.person("johndoe").await;
        let group = john.group(&[]).await;
        let id = john.say(&group, "hello").await;
        let path = format!("/v1/messages/{id}/reactions");
        for emoji in ["", "a", "👍👍", ":heart:", "<script>", "❤️ "] {
            john.post(&path, json!({"emoji": emoji})).await.blames("emoji");
        }
        john.delete(&format!("{path}/x")).await.refuses(404, "NOT_FOUND");
        assert_eq!(john.events(&group).await.len(), 2);
    }
}
