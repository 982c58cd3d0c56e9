//! What is no frame, too large, or not text.

use confab_contract::socket::close::CloseReason;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_malformed_frame_is_answered_with_the_field_and_the_connection_lives(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        client.send(json!({"type": "typing", "conversation_id": 5, "is_typing": true, "x": 1})).await;
        let error = client.wait_for("error").await;
        assert_eq!((&error["code"], &error["frame_type"]), (&json!("VALIDATION_ERROR"), &json!("typing")));
        assert!(error["details"]["conversation_id"].is_string() && error["details"]["x"].is_string(), "{error}");
        client.settle().await;
    }

    async fn malformed_frames_one_after_the_other_end_the_connection(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        for _ in 0..5 {
            client.send_text("{\"type\": \"\\ud800\"}").await;
        }
        assert_eq!(client.closed().await, Some(CloseReason::ProtocolError));
    }

    async fn binary_and_oversized_frames_end_the_connection_before_and_after_signing_in(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        for signed_in in [true, false] {
            let open = async || if signed_in { node.client(&ann).await } else { node.open("").await };
            let mut client = open().await;
            client.send_message(Message::binary(vec![1, 2, 3])).await;
            assert_eq!(client.closed().await, Some(CloseReason::UnsupportedData));
            for size in [65 * 1024, 300 * 1024] {
                let mut client = open().await;
                client.send_message(Message::text("x".repeat(size))).await;
                assert_eq!(client.closed().await, Some(CloseReason::TooBig), "{size}");
            }
        }
    }

    async fn a_message_in_fragments_may_not_be_larger_than_one_in_a_frame(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        let piece = |opcode, is_last| Message::Frame(Frame::message("x".repeat(40 * 1024), opcode, is_last));
        client.send_message(piece(OpCode::Data(Data::Text), false)).await;
        client.send_message(piece(OpCode::Data(Data::Continue), true)).await;
        assert_eq!(client.closed().await, Some(CloseReason::TooBig));
        let mut client = node.client(&ann).await;
        let piece = |text: &str, opcode, is_last| Message::Frame(Frame::message(text.to_owned(), opcode, is_last));
        client.send_message(piece(r#"{"type":"#, OpCode::Data(Data::Text), false)).await;
        client.send_message(piece(r#""ping"}"#, OpCode::Data(Data::Continue), true)).await;
        client.wait_for("pong").await;
    }

    async fn a_frame_of_exactly_64_kib_is_read(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        let mut frame = json!({"type": "ping", "id": 7}).to_string();
        frame.push_str(&" ".repeat(64 * 1024 - frame.len()));
        client.send_text(&frame).await;
        assert_eq!(client.wait_for("pong").await["id"], 7);
    }

    async fn unknown_queries_are_refused_with_their_name(world: &World) {
        let node = world.node().await;
        let answer = crate::client::try_open(node.address, "/v1/ws?tokn=x", &[]).await.err().unwrap();
        assert_eq!(answer.status().as_u16(), 400);
    }
}
