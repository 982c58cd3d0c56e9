//! From messages to bytes: what waits to be written on one connection. Pure.

use std::collections::VecDeque;

use axum::extract::ws::{CloseFrame, Message};
use bytes::{BufMut as _, Bytes, BytesMut};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The longest header of a frame that is not masked (RFC 6455, section 5.2).
const HEAD: usize = 10;

/// Frames in their order. An empty queue holds no memory.
#[derive(Debug, Default)]
pub struct Outgoing {
    frames: VecDeque<Frame>,
    /// Bytes of the first frame that are written already.
    written: usize,
    /// Bytes that wait.
    bytes: usize,
}

/// A frame: its header, and a payload that it may share with thousands of others.
#[derive(Debug)]
struct Frame {
    head: [u8; HEAD],
    head_len: usize,
    payload: Bytes,
}

impl Frame {
    fn new(opcode: OpCode, payload: Bytes) -> Self {
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        let mut head = [0; HEAD];
        let mut room = &mut head[..];
        header.format(payload.len() as u64, &mut room).expect("a header that is not masked has 10 bytes at most");
        let head_len = HEAD - room.len();
        Self { head, head_len, payload }
    }

    fn len(&self) -> usize {
        self.head_len + self.payload.len()
    }

    /// Copies what comes after the first `skip` bytes, as far as there is room.
    fn copy_to(&self, skip: usize, room: &mut [u8]) -> usize {
        let head = &self.head[self.head_len.min(skip)..self.head_len];
        let payload = &self.payload[skip.saturating_sub(self.head_len)..];
        let from_head = head.len().min(room.len());
        room[..from_head].copy_from_slice(&head[..from_head]);
        let from_payload = payload.len().min(room.len() - from_head);
        room[from_head..from_head + from_payload].copy_from_slice(&payload[..from_payload]);
        from_head + from_payload
    }
}

impl Outgoing {
    /// Adds a message as one frame.
    pub fn push(&mut self, message: Message) {
        let frame = match message {
            Message::Text(text) => Frame::new(OpCode::Data(Data::Text), text.into()),
            Message::Binary(bytes) => Frame::new(OpCode::Data(Data::Binary), bytes),
            Message::Ping(payload) => Frame::new(OpCode::Control(Control::Ping), payload),
            Message::Pong(payload) => Frame::new(OpCode::Control(Control::Pong), payload),
            Message::Close(close) => Frame::new(OpCode::Control(Control::Close), close_payload(close)),
        };
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies as much as there is room for; how much that was.
    pub fn copy_to(&self, room: &mut [u8]) -> usize {
        let (mut filled, mut skip) = (0, self.written);
        for frame in &self.frames {
            if filled == room.len() {
                break;
            }
            filled += frame.copy_to(skip, &mut room[filled..]);
            skip = 0;
        }
        filled
    }

    /// So many bytes are written.
    pub fn advance(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.written += bytes;
        while let Some(first) = self.frames.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            self.frames = VecDeque::new();
        }
    }
}

fn close_payload(close: Option<CloseFrame>) -> Bytes {
    let Some(CloseFrame { code, reason }) = close else { return Bytes::new() };
    let mut payload = BytesMut::with_capacity(2 + reason.len());
    payload.put_u16(code);
    payload.put_slice(reason.as_bytes());
    payload.freeze()
}

/// The answer to a close frame: the same code (section 5.5.1).
pub fn close_echo(payload: &[u8]) -> Message {
    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
    Message::Close(code.map(|code| CloseFrame { code, reason: "".into() }))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn opcodes_and_payloads(mut bytes: &[u8]) -> Vec<(OpCode, Vec<u8>)> {
        let mut frames = Vec::new();
        while !bytes.is_empty() {
            let mut cursor = Cursor::new(bytes);
            let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            assert!(header.is_final && header.mask.is_none());
            let start = usize::try_from(cursor.position()).unwrap();
            let end = start + usize::try_from(length).unwrap();
            frames.push((header.opcode, bytes[start..end].to_vec()));
            bytes = &bytes[end..];
        }
        frames
    }

    #[test]
    fn a_close_frame_carries_its_code_and_its_reason_and_is_echoed_by_code() {
        let mut out = Outgoing::default();
        out.push(Message::Close(Some(CloseFrame { code: 4000, reason: "slow".into() })));
        out.push(close_echo(&[0x03, 0xe8, b'x']));
        out.push(close_echo(&[]));
        let mut room = [0; 64];
        let filled = out.copy_to(&mut room);
        let close = OpCode::Control(Control::Close);
        let expected =
            [(close, [&4000_u16.to_be_bytes()[..], b"slow"].concat()), (close, vec![0x03, 0xe8]), (close, Vec::new())];
        assert_eq!(opcodes_and_payloads(&room[..filled]), expected);
    }

    proptest! {
        #[test]
        fn however_little_is_taken_at_a_time_the_bytes_are_the_same(
            lengths in proptest::collection::vec(prop_oneof![0_usize..300, Just(65_536)], 1..8),
            room in prop_oneof![1_usize..40, Just(4096)],
            taken in 1_usize..5000,
        ) {
            let payloads: Vec<String> = lengths.iter().map(|length| "y".repeat(*length)).collect();
            let mut out = Outgoing::default();
            for payload in &payloads {
                out.push(Message::Text(payload.clone().into()));
            }
            let (mut written, mut room) = (Vec::new(), vec![0; room]);
            loop {
                let filled = out.copy_to(&mut room);
                if filled == 0 {
                    break;
                }
                let taken = filled.min(taken);
                written.extend_from_slice(&room[..taken]);
                out.advance(taken);
            }
            prop_assert_eq!(out.bytes(), 0);
            prop_assert_eq!(out.frames.capacity(), 0);
            let text = OpCode::Data(Data::Text);
            let expected: Vec<_> = payloads.into_iter().map(|payload| (text, payload.into_bytes())).collect();
            prop_assert_eq!(opcodes_and_payloads(&written), expected);
        }
    }
}
