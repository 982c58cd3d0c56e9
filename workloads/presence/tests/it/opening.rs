//! Opening a socket and signing in.

use confab_contract::socket::close::CloseReason;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::client::try_open;
use crate::engines::on_both_engines;
use crate::world::Choices;

on_both_engines! {
    async fn both_ways_to_sign_in_end_in_the_same(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut by_query = node.open(&format!("?token={}", ann.token)).await;
        let mut by_frame = node.open("").await;
        by_frame.send(json!({"type": "auth", "token": ann.token})).await;
        for client in [&mut by_query, &mut by_frame] {
            let success = client.wait_for("auth_success").await;
            assert_eq!(success["user_id"], ann.user.to_string());
            assert!(success["connection_id"].as_str().unwrap().starts_with("conn_"));
            assert!(success["cursor"].as_str().unwrap().starts_with("c1."));
        }
    }

    async fn a_client_that_follows_the_specification_to_the_letter_signs_in_twice(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        client.send(json!({"type": "auth", "token": ann.token})).await;
        client.wait_for("auth_success").await;
    }

    async fn a_token_that_does_not_hold_is_refused_so_that_a_browser_can_see_it(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut by_query = node.open("?token=nonsense").await;
        let mut by_frame = node.open("").await;
        by_frame.send(json!({"type": "auth", "token": "nonsense"})).await;
        for client in [&mut by_query, &mut by_frame] {
            assert_eq!(client.wait_for("error").await["code"], "AUTHENTICATION_FAILED");
            assert_eq!(client.closed().await, Some(CloseReason::AuthenticationFailed));
        }
        world.hand.advance(3_601_000);
        let mut late = node.open(&format!("?token={}", ann.token)).await;
        assert_eq!(late.closed().await, Some(CloseReason::AuthenticationFailed));
    }

    async fn the_first_frame_must_sign_in(world: &World) {
        let node = world.node().await;
        let mut client = node.open("").await;
        client.send(json!({"type": "ping"})).await;
        let error = client.wait_for("error").await;
        assert_eq!((&error["code"], &error["frame_type"]), (&json!("AUTHENTICATION_FAILED"), &json!("ping")));
        assert_eq!(client.closed().await, Some(CloseReason::ProtocolError), "a new token would not help");
    }

    async fn a_socket_on_which_nobody_signs_in_is_closed(world: &World) {
        let mut choices = Choices::default();
        choices.tempo.sign_in = std::time::Duration::from_millis(200);
        let (node, [ann]) = (world.node_with(choices).await, world.people().await);
        assert_eq!(node.open("").await.closed().await, Some(CloseReason::AuthTimeout));
        let mut holding = node.open(&format!("?token={}&resume=1", ann.token)).await;
        assert_eq!(holding.closed().await, Some(CloseReason::AuthTimeout));
    }

    async fn a_fresh_token_of_the_same_session_prolongs_the_connection(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        world.hand.advance(3_000_000);
        client.send(json!({"type": "auth", "token": world.token(ann.user, ann.login)})).await;
        let success = client.wait_for("auth_success").await;
        world.hand.advance(3_000_000);
        assert!(success["expires_at"].as_str().unwrap() > world.now().to_string().as_str());
        client.settle().await;

        for other in [world.token(bob.user, bob.login), world.token(ann.user, bob.login)] {
            client.send(json!({"type": "auth", "token": other})).await;
            assert_eq!(client.wait_for("error").await["code"], "AUTHENTICATION_FAILED");
        }
        world.hand.advance(601_000);
        assert_eq!(client.closed().await, Some(CloseReason::AuthenticationFailed));
    }

    async fn pages_of_foreign_origins_are_refused(world: &World) {
        let node = world.node().await;
        let open = async |path: &str, origin: &str| try_open(node.address, path, &[("origin", origin)]).await;
        assert!(open("/v1/ws", &format!("http://{}", node.address)).await.is_ok());
        let other_port = open("/v1/ws", "http://127.0.0.1:9999").await.err().unwrap();
        assert_eq!(other_port.status(), StatusCode::FORBIDDEN, "who has another port need not be the tenant");
        assert!(open("/v1/ws", "https://chat.example.com").await.is_ok());
        let refused = open("/v1/ws", "https://evil.example").await.err().unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        world.configure(|tenant| tenant.auth.allowed_origins = vec!["https://evil.example".to_owned()]);
        assert!(open("/v1/ws", "https://evil.example").await.is_ok());
    }

    async fn the_root_is_a_socket_at_the_ws_host_only(world: &World) {
        let node = world.node().await;
        assert!(try_open(node.address, "/", &[("host", "ws.chat.example.com")]).await.is_ok());
        let elsewhere = try_open(node.address, "/", &[("host", "chat.example.com")]).await.err().unwrap();
        assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
        let proxied = [("host", "10.0.0.7:8080"), ("x-forwarded-host", "ws.chat.example.com")];
        assert!(try_open(node.address, "/", &proxied).await.is_ok(), "our proxy says for which host it asks");
        let unknown = try_open(node.address, "/v1/ws", &[("host", "nobody.example.com")]).await.err().unwrap();
        assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    }

    async fn a_full_process_says_so_and_has_room_again_later(world: &World) {
        let mut choices = Choices::default();
        choices.sockets.max_connections = 1;
        let (node, [ann]) = (world.node_with(choices).await, world.people().await);
        let first = node.client(&ann).await;
        let refused = try_open(node.address, "/v1/ws", &[]).await.err().unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key("retry-after"));
        let body: Value = serde_json::from_slice(refused.body().as_deref().unwrap_or_default()).unwrap_or_default();
        assert!(body.is_null() || body["error"]["code"] == "SERVICE_UNAVAILABLE");
        first.cut();
        crate::world::eventually("the place is free", || node.presence.connections() == 0).await;
        node.client(&ann).await;
    }

    async fn the_oldest_connection_of_a_person_goes_when_there_are_too_many(world: &World) {
        world.configure(|tenant| tenant.limits.connections_per_user = 2);
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut first = node.client(&ann).await;
        let mut second = node.client(&ann).await;
        let mut third = node.client(&ann).await;
        assert_eq!(first.closed().await, Some(CloseReason::Replaced));
        second.settle().await;
        third.settle().await;
    }

    async fn the_socket_answers_plain_requests_in_the_form_of_the_api(world: &World) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let node = world.node().await;
        let mut stream = tokio::net::TcpStream::connect(node.address).await.unwrap();
        stream.write_all(b"GET /v1/ws HTTP/1.1\r\nhost: chat.example.com\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("VALIDATION_ERROR"), "{answer}");
    }
}
