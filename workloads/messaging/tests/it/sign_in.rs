//! Making accounts and signing in.

use confab_contract::config::messaging::PasswordConfig;
use confab_messaging::password::PasswordHasher;
use confab_store::users::{self, Account};
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::client::PASSWORD;
use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_person_registers_and_signs_in_as_the_specification_shows(world: &World) {
        let client = world.client();
        let answer = client.post("/v1/auth/register", json!({
            "email": "user@example.com", "username": "johndoe", "password": PASSWORD,
            "full_name": "John Doe", "phone": "+84123456789",
        })).await;
        let registered = answer.data(201);
        assert!(registered["user_id"].as_str().unwrap().starts_with("usr_"));
        assert_eq!((&registered["email"], &registered["username"]), (&json!("user@example.com"), &json!("johndoe")));
        assert_eq!(answer.body["message"], "User registered successfully. Please verify your email.");

        let answer = client.login("USER@example.com", PASSWORD, Some("device_xyz123")).await;
        let data = answer.data(200);
        assert_eq!((&data["token_type"], &data["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(data["user"]["user_id"], registered["user_id"]);
        assert!(data["refresh_token"].as_str().unwrap().starts_with("rt_"));
        let token = data["access_token"].as_str().unwrap();
        let me = client.with_token(token).get("/v1/users/me").await;
        assert_eq!(me.data(200)["phone"], "+84123456789");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }

    async fn an_account_exists_once_whatever_the_case(world: &World) {
        let john = world.person("johndoe").await;
        let register = |email: &str, username: &str| {
            world.client().call_owned("/v1/auth/register", json!({"email": email, "username": username, "password": PASSWORD}))
        };
        register(&john.email().to_uppercase(), "another").await.refuses(409, "CONFLICT").names("email");
        register("another@example.com", "JohnDoe").await.refuses(409, "CONFLICT").names("username");
        register("another@example.com", "another").await.data(201);
    }

    async fn two_who_register_the_same_name_at_once_get_one_account(world: &World) {
        let register = |n: u32| world.client().call_owned("/v1/auth/register", json!({
            "email": format!("user{n}@example.com"), "username": "wanted", "password": PASSWORD,
        }));
        let (a, b, c) = tokio::join!(register(1), register(2), register(3));
        let mut statuses = [a.status.as_u16(), b.status.as_u16(), c.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409]);
    }

    async fn guessable_passwords_are_refused(world: &World) {
        for password in ["password1", "qwertyuiop", "johndoe2024", "12345678", "aaaaaaaaaaaaaaa"] {
            let body = json!({"email": "johndoe@example.com", "username": "johndoe", "password": password});
            world.client().post("/v1/auth/register", body).await.blames("password");
        }
        world.client().login("johndoe@example.com", PASSWORD, None).await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn registration_can_be_closed(world: &World) {
        world.change_tenant(|tenant| tenant.auth.registration = confab_contract::config::tenant::Registration::Closed);
        let body = json!({"email": "a@example.com", "username": "aaa", "password": PASSWORD});
        world.client().post("/v1/auth/register", body).await.refuses(403, "AUTHORIZATION_FAILED");
    }

    async fn an_unknown_account_and_a_wrong_password_get_the_same_answer(world: &World) {
        let john = world.person("johndoe").await;
        let mut wrong = world.client().login(&john.email(), "wrong password", None).await;
        let mut unknown = world.client().login("nobody@example.com", "wrong password", None).await;
        wrong.refuses(401, "AUTHENTICATION_FAILED");
        for answer in [&mut wrong, &mut unknown] {
            answer.body["request_id"].take();
            answer.headers.remove("x-request-id");
            answer.headers.remove("date");
            answer.headers.remove("x-ratelimit-remaining");
        }
        assert_eq!((wrong.status, wrong.body, wrong.headers), (unknown.status, unknown.body, unknown.headers));
    }

    async fn passwords_of_eight_and_of_128_characters_count_to_the_last(world: &World) {
        let long: String = "correct-horse-7-staple-ä€😀".chars().cycle().take(128).collect();
        for (name, password) in [("shortest", "q7#Zp!2v"), ("longest", &long)] {
            let email = format!("{name}@example.com");
            let body = |password: &str| json!({"email": email, "username": name, "password": password});
            for wrong in [password[..7].to_owned(), format!("{long}x")] {
                world.client().post("/v1/auth/register", body(&wrong)).await.blames("password");
            }
            world.client().post("/v1/auth/register", body(password)).await.is(201);
            world.client().login(&email, password, None).await.is(200);
            let mut almost: Vec<char> = password.chars().collect();
            *almost.last_mut().unwrap() = '~';
            let almost = String::from_iter(almost);
            world.client().login(&email, &almost, None).await.refuses(401, "AUTHENTICATION_FAILED");
        }
    }

    async fn a_weak_hash_is_replaced_at_sign_in_also_by_many_at_once(world: &World) {
        let john = world.person("johndoe").await;
        let (store, tenant) = (&world.process().store, "default.demo".parse().unwrap());
        let stored = async || {
            let found = users::credentials(store, &tenant, Account::Id(john.id.parse().unwrap())).await.unwrap().unwrap();
            found.password_hash
        };
        let costs = PasswordConfig { memory_kib: 8 * 1024, iterations: 1, ..PasswordConfig::default() };
        let weak = PasswordHasher::new(&costs).hash(SecretString::from(PASSWORD)).await.unwrap();
        assert!(users::rehash_password(store, &tenant, john.id.parse().unwrap(), stored().await, weak).await.unwrap());
        let email = john.email();
        for answer in join_all((0..6).map(|_| john.login(&email, PASSWORD, None))).await {
            answer.is(200);
        }
        assert!(stored().await.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        john.login(&john.email(), PASSWORD, None).await.is(200);
    }

    async fn no_sign_in_with_the_old_password_outlives_its_change(world: &World) {
        let john = world.person("johndoe").await;
        let new = "correct-horse-7-staple";
        let devices: Vec<String> = (0..12).map(|number| format!("device{number}")).collect();
        let email = john.email();
        let signing_in = join_all(devices.iter().map(|device| john.login(&email, PASSWORD, Some(device))));
        let change = john.put("/v1/users/me/password", json!({"current_password": PASSWORD, "new_password": new}));
        let (answers, changed) = tokio::join!(signing_in, change);
        changed.is(200);
        for answer in answers {
            assert!([200, 401].contains(&answer.status.as_u16()), "{}", answer.text);
        }
        assert_eq!(john.get("/v1/users/me/sessions").await.data(200)["total"], 1, "only the one that changed it");
        john.login(&email, PASSWORD, None).await.refuses(401, "AUTHENTICATION_FAILED");
        john.login(&email, new, None).await.is(200);
    }

    async fn many_sign_ins_at_once_are_bounded_and_nobody_else_waits_for_them(world: &World) {
        let (john, jane) = (world.person("johndoe").await, world.person("janedoe").await);
        let conversation = john.direct(&jane).await;
        let client = world.client();
        let crowd = tokio::spawn(async move {
            join_all((0..500).map(|_| client.login("nobody@example.com", "some password", None))).await
        });
        for _ in 0..5 {
            john.say(&conversation, "meanwhile").await;
        }
        assert!(!crowd.is_finished(), "messages were sent while sign-ins waited");
        for answer in crowd.await.unwrap() {
            match answer.status.as_u16() {
                401 => {}
                503 => assert!(answer.header("retry-after").is_some()),
                other => panic!("{other}: {}", answer.text),
            }
        }
        john.login(&john.email(), PASSWORD, None).await.is(200);
    }

    async fn a_suspended_account_is_told_so_only_with_the_right_password(world: &World) {
        let john = world.person("johndoe").await;
        world.suspend(&john).await;
        world.client().login(&john.email(), PASSWORD, None).await.refuses(403, "AUTHORIZATION_FAILED");
        world.client().login(&john.email(), "wrong password", None).await.refuses(401, "AUTHENTICATION_FAILED");
    }

    async fn logging_in_again_on_a_device_replaces_its_session(world: &World) {
        let john = world.person("johndoe").await;
        let first = john.on_another_device("phone").await;
        let second = john.on_another_device("phone").await;
        first.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        first.refresh(&first.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        second.get("/v1/users/me").await.is(200);
        john.get("/v1/users/me").await.is(200);
    }

    async fn logging_out_ends_the_session_at_once(world: &World) {
        let john = world.person("johndoe").await;
        let other = john.on_another_device("phone").await;
        assert_eq!(john.call(reqwest::Method::POST, "/v1/auth/logout", None).await.is(200).body["message"], "Logged out successfully");
        john.get("/v1/users/me").await.refuses(401, "AUTHENTICATION_FAILED");
        john.refresh(&john.refresh_token).await.refuses(401, "AUTHENTICATION_FAILED");
        other.get("/v1/users/me").await.is(200);
    }
}
