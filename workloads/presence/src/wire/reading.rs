//! From bytes to messages: RFC 6455, sections 5.2 to 5.6 and 7.1. Pure.

use std::io::Cursor;

use bytes::Bytes;
use confab_contract::limit;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::Incoming;

/// Payload of a control frame at most (section 5.5).
const CONTROL_BYTES: u64 = 125;

/// What a client must not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A frame or message above the limit.
    #[error("too many bytes")]
    TooBig,
    /// What RFC 6455 does not allow.
    #[error("not a frame")]
    Malformed,
}

/// Puts messages together from what was read. It holds memory only for what is incomplete.
#[derive(Debug, Default)]
pub struct Assembler {
    /// Begins with a frame that is not complete yet.
    unread: Vec<u8>,
    /// A message whose last fragment has not come.
    begun: Option<Box<Begun>>,
}

#[derive(Debug)]
struct Begun {
    is_text: bool,
    payload: Vec<u8>,
}

impl Assembler {
    /// Takes what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next message or control frame, if it is complete.
    pub fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        while let Some((opcode, is_final, payload)) = self.next_frame()? {
            let incoming = match opcode {
                OpCode::Control(control) => Some(of_control(control, payload)?),
                OpCode::Data(data) => self.of_data(data, is_final, payload)?,
            };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    /// The next frame, unmasked, if it is complete. A frame that is too long is refused before it comes.
    fn next_frame(&mut self) -> Result<Option<(OpCode, bool, Vec<u8>)>, Violation> {
        let mut cursor = Cursor::new(&self.unread[..]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::Malformed)?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let mask = check(&header, length)?;
        let begun = self.begun.as_ref().map_or(0, |begun| begun.payload.len());
        let length = usize::try_from(length).map_err(|_| Violation::TooBig)?;
        if begun.saturating_add(length) > limit::FRAME_BYTES {
            return Err(Violation::TooBig);
        }
        let start = usize::try_from(cursor.position()).map_err(|_| Violation::TooBig)?;
        let Some(payload) = self.unread.get(start..start + length) else { return Ok(None) };
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.unread.drain(..start + length);
        if self.unread.is_empty() {
            self.unread = Vec::new();
        }
        Ok(Some((header.opcode, header.is_final, payload)))
    }

    fn of_data(&mut self, data: Data, is_final: bool, payload: Vec<u8>) -> Result<Option<Incoming>, Violation> {
        let is_text = match (data, &mut self.begun) {
            (Data::Continue, Some(begun)) => {
                begun.payload.extend(payload);
                begun.is_text
            }
            (Data::Text | Data::Binary, begun @ None) => {
                let is_text = data == Data::Text;
                if is_final {
                    return whole(is_text, payload).map(Some);
                }
                *begun = Some(Box::new(Begun { is_text, payload }));
                is_text
            }
            _ => return Err(Violation::Malformed),
        };
        if !is_final {
            return Ok(None);
        }
        let payload = self.begun.take().map(|begun| begun.payload).unwrap_or_default();
        whole(is_text, payload).map(Some)
    }
}

/// The mask, which every frame of a client has.
fn check(header: &FrameHeader, length: u64) -> Result<[u8; 4], Violation> {
    let known = match header.opcode {
        OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => false,
        OpCode::Control(_) => header.is_final && length <= CONTROL_BYTES,
        OpCode::Data(_) => true,
    };
    if !known || header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(Violation::Malformed);
    }
    header.mask.ok_or(Violation::Malformed)
}

fn of_control(control: Control, payload: Vec<u8>) -> Result<Incoming, Violation> {
    match control {
        Control::Ping => Ok(Incoming::Ping(payload.into())),
        Control::Pong => Ok(Incoming::Pong),
        Control::Close if is_close(&payload) => Ok(Incoming::Close(Bytes::from(payload))),
        Control::Close | Control::Reserved(_) => Err(Violation::Malformed),
    }
}

/// Nothing, or a code that may be sent, and text (sections 5.5.1 and 7.4).
fn is_close(payload: &[u8]) -> bool {
    match payload {
        [] => true,
        [high, low, reason @ ..] => {
            CloseCode::from(u16::from_be_bytes([*high, *low])).is_allowed() && std::str::from_utf8(reason).is_ok()
        }
        [_] => false,
    }
}

fn whole(is_text: bool, payload: Vec<u8>) -> Result<Incoming, Violation> {
    if !is_text {
        return Ok(Incoming::Binary);
    }
    String::from_utf8(payload).map(Incoming::Text).map_err(|_| Violation::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [7, 77, 200, 1];

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..65_536 => {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                bytes.push(0xff);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
        let mut assembler = Assembler::default();
        assembler.push(bytes);
        let read = std::iter::from_fn(|| assembler.next().transpose()).collect();
        assert!(assembler.unread.capacity() == 0 || !assembler.unread.is_empty(), "nothing is kept for nothing");
        read
    }

    #[test]
    fn messages_come_whole_with_control_frames_between_their_fragments() {
        let mut bytes = frame(0x01, "héllo, w".as_bytes());
        bytes.extend(frame(0x89, b"are you there"));
        bytes.extend(frame(0x80, b"orld"));
        bytes.extend(frame(0x82, &[0, 255]));
        bytes.extend(frame(0x8a, b""));
        bytes.extend(frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']));
        let expected = [
            Incoming::Ping("are you there".into()),
            Incoming::Text("héllo, world".to_owned()),
            Incoming::Binary,
            Incoming::Pong,
            Incoming::Close(Bytes::from_static(&[0x03, 0xe8, b'b', b'y', b'e'])),
        ];
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn what_the_rfc_forbids_is_refused() {
        let mut unmasked = frame(0x81, b"");
        unmasked[1] = 0;
        let table = [
            ("not masked", unmasked),
            ("a reserved bit", frame(0xc1, b"x")),
            ("a reserved data opcode", frame(0x83, b"x")),
            ("a reserved control opcode", frame(0x8b, b"x")),
            ("a fragmented ping", frame(0x09, b"x")),
            ("a long ping", frame(0x89, &[0; 126])),
            ("a continuation of nothing", frame(0x80, b"x")),
            ("a message within a message", [frame(0x01, b"x"), frame(0x81, b"x")].concat()),
            ("text that is no UTF-8", frame(0x81, &[0xff])),
            ("half a close code", frame(0x88, &[3])),
            ("a close code that may not be sent", frame(0x88, &1005_u16.to_be_bytes())),
            ("a close reason that is no UTF-8", frame(0x88, &[3, 0xe8, 0xff])),
        ];
        for (what, bytes) in table {
            assert_eq!(read(&bytes), Err(Violation::Malformed), "{what}");
        }
    }

    #[test]
    fn a_frame_of_64_kib_is_taken_and_a_longer_one_refused_before_it_comes() {
        let most = "x".repeat(limit::FRAME_BYTES);
        assert_eq!(read(&frame(0x81, most.as_bytes())).unwrap(), [Incoming::Text(most.clone())]);
        let longer = frame(0x81, format!("{most}x").as_bytes());
        assert_eq!(read(&longer[..14]), Err(Violation::TooBig));
        let huge = [&[0x81, 0xff][..], &[0xff; 8], &MASK].concat();
        assert!(read(&huge).is_err());
    }

    #[test]
    fn fragments_count_together() {
        let half = vec![b'x'; limit::FRAME_BYTES / 2 + 1];
        let both = [frame(0x01, &half), frame(0x80, &half)].concat();
        assert_eq!(read(&both), Err(Violation::TooBig));
    }

    proptest! {
        #[test]
        fn however_bytes_are_cut_the_messages_are_the_same(
            texts in proptest::collection::vec(".{0,200}", 1..6),
            cuts in proptest::collection::vec(1_usize..50, 1..40),
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
            let (mut assembler, mut rest, mut got) = (Assembler::default(), &bytes[..], Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                assembler.push(now);
                rest = later;
                while let Some(incoming) = assembler.next().unwrap() {
                    got.push(incoming);
                }
            }
            prop_assert_eq!(got, texts.into_iter().map(Incoming::Text).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
