//! Profiles and search.

use confab_chassis::bus::BusEvent;
use confab_contract::bus::Notice;
use serde_json::json;

use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_profile_is_changed_field_by_field(world: &World) {
        let john = world.person("johndoe").await;
        let changed = john.put("/v1/users/me", json!({
            "full_name": "John Smith", "bio": "Senior Software Developer",
            "avatar_url": "https://cdn.example.com/avatars/new.jpg", "status_message": "Working remotely",
        })).await;
        assert_eq!(changed.data(200)["full_name"], "John Smith");
        let cleared = john.put("/v1/users/me", json!({"bio": null, "phone": "+84123456789"})).await;
        assert_eq!((&cleared.data(200)["bio"], &cleared.data(200)["full_name"]), (&json!(null), &json!("John Smith")));
        let me = john.get("/v1/users/me").await;
        assert_eq!(me.data(200)["status_message"], "Working remotely");
        assert_eq!(me.data(200)["phone"], "+84123456789");
        let same = john.get(&format!("/v1/users/{}", john.id)).await;
        assert_eq!(same.data(200), me.data(200));
    }

    async fn contact_details_are_shown_to_those_who_share_a_conversation(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let path = format!("/v1/users/{}", jane.id);
        let before = john.get(&path).await.data(200).clone();
        assert_eq!((&before["username"], &before["email"]), (&json!("janedoe"), &json!(null)));
        assert_eq!(before["status"], "offline");
        john.direct(&jane).await;
        assert_eq!(john.get(&path).await.data(200)["email"], "janedoe@example.com");
    }

    async fn people_are_found_by_parts_of_names_and_by_whole_addresses(world: &World) {
        let (john, _jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let hits = |query: &str| {
            let path = format!("/v1/users/search?q={query}");
            let john = john.clone();
            async move {
                let answer = john.get(&path).await;
                let users = answer.data(200)["users"].as_array().unwrap().clone();
                users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            }
        };
        assert_eq!(hits("DOE").await, ["janedoe", "johndoe"]);
        assert_eq!(hits("janedoe%40example.com").await, ["janedoe"]);
        assert_eq!(hits("%25").await, Vec::<String>::new(), "wildcards are plain characters");
        assert_eq!(hits("example.com").await, Vec::<String>::new(), "addresses are found only as a whole");
        let answer = john.get("/v1/users/search?q=doe&limit=1&offset=1").await;
        assert_eq!(answer.data(200)["users"][0]["username"], "johndoe");
        let page = json!({"limit": 1, "offset": 1, "total": 2, "has_next": false, "has_prev": true});
        assert_eq!(answer.pagination(), &page);
        assert_eq!((&answer.data(200)["total"], &answer.data(200)["limit"]), (&json!(2), &json!(1)));
        let default = john.get("/v1/users/search?q=doe").await;
        assert_eq!(default.data(200)["limit"], 20);
    }

    async fn a_status_message_is_told_to_those_who_watch(world: &World) {
        let john = world.person("johndoe").await;
        let mut told = world.process().bus.subscribe();
        told.watch_tenant(&"default.demo".parse().unwrap());
        john.put("/v1/users/me", json!({"bio": "nothing to tell of"})).await.is(200);
        john.put("/v1/users/me", json!({"status_message": "Working remotely"})).await.is(200);
        let BusEvent::Message(message) = told.recv().await else { panic!("no message") };
        let Notice::Presence(notice) = &message.notice else { panic!("{:?}", message.notice) };
        assert_eq!((notice.user.to_string(), notice.status_message.as_deref()), (john.id.clone(), Some("Working remotely")));
        let first = notice.version;
        john.put("/v1/users/me", json!({"status_message": null})).await.is(200);
        let BusEvent::Message(message) = told.recv().await else { panic!("no message") };
        let Notice::Presence(notice) = &message.notice else { panic!("{:?}", message.notice) };
        assert!(notice.status_message.is_none() && notice.version > first);
    }

    async fn suspended_people_are_not_found(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        world.suspend(&jane).await;
        assert_eq!(john.get("/v1/users/search?q=jane").await.data(200)["total"], 0);
    }
}
