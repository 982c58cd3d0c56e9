//! A WebSocket connection that only scans frames: thousands of them must cost less than the server that feeds them.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Read at once; a frame that is larger grows the buffer for as long as it is there.
const BUFFER: usize = 4096;

/// Opcodes of RFC 6455, section 5.2.
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The length of a payload follows in two bytes, or in eight.
const LENGTH_IN_TWO_BYTES: u8 = 0x7e;
const LENGTH_IN_EIGHT_BYTES: u8 = 0x7f;

/// A connection.
pub struct Pipe {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the next frame begins in the buffer.
    start: usize,
}

impl Pipe {
    /// Connects and signs in with the token in the address; `resume` is the JSON of a `resume` frame.
    pub async fn open(server: SocketAddr, token: &str, resume: Option<&str>) -> Result<Self> {
        let mut stream = TcpStream::connect(server).await.context("no connection")?;
        stream.set_nodelay(true)?;
        let flag = if resume.is_some() { "&resume=1" } else { "" };
        let request = format!(
            "GET /v1/ws?token={token}{flag} HTTP/1.1\r\nhost: {server}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut pipe = Self { stream, buffer: Vec::new(), start: 0 };
        let end = loop {
            pipe.fill().await?;
            if let Some(end) = pipe.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        if !pipe.buffer.starts_with(b"HTTP/1.1 101") {
            bail!("no upgrade: {}", String::from_utf8_lossy(&pipe.buffer));
        }
        pipe.start = end + 4;
        if let Some(resume) = resume {
            pipe.send(resume).await?;
        }
        Ok(pipe)
    }

    /// The payload of the next text frame. Pings are answered on the way.
    pub async fn next(&mut self) -> Result<&[u8]> {
        loop {
            let Some(frame) = Frame::parse(&self.buffer[self.start..]) else {
                self.fill().await?;
                continue;
            };
            let (from, to) = (self.start + frame.head, self.start + frame.head + frame.payload);
            self.start = to;
            match frame.opcode {
                TEXT => return Ok(&self.buffer[from..to]),
                PING => {
                    let payload = self.buffer[from..to].to_vec();
                    self.write(PONG, &payload).await?;
                }
                CLOSE => bail!("closed by the server: {}", String::from_utf8_lossy(&self.buffer[from..to])),
                _ => {}
            }
        }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        self.write(TEXT, text.as_bytes()).await
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | u8::try_from(length)?),
            Ok(length) => {
                frame.push(0x80 | LENGTH_IN_TWO_BYTES);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => bail!("too long a frame"),
        }
        // A client must mask; a mask of zeros changes nothing and costs nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await?;
        Ok(())
    }

    async fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if self.buffer.is_empty() && self.buffer.capacity() > BUFFER {
            self.buffer = Vec::new();
        }
        self.buffer.reserve(BUFFER);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// Where a frame lies.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    opcode: u8,
    /// Bytes before the payload.
    head: usize,
    /// Bytes of the payload.
    payload: usize,
}

impl Frame {
    /// `None` while the frame is not complete. Frames of a server are not masked.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (head, payload) = match second & 0x7f {
            LENGTH_IN_TWO_BYTES => (4, u16::from_be_bytes(rest.first_chunk().copied()?).into()),
            LENGTH_IN_EIGHT_BYTES => (10, usize::try_from(u64::from_be_bytes(rest.first_chunk().copied()?)).ok()?),
            short => (2, usize::from(short)),
        };
        (bytes.len() >= head + payload).then_some(Self { opcode: first & 0x0f, head, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_found_when_they_are_complete() {
        for (length, head) in [(5_usize, 2), (126, 4), (300, 4), (70_000, 10)] {
            let mut bytes = vec![0x80 | TEXT];
            match head {
                2 => bytes.push(u8::try_from(length).expect("short")),
                4 => {
                    bytes.push(126);
                    bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend((length as u64).to_be_bytes());
                }
            }
            bytes.extend(vec![b'x'; length]);
            assert_eq!(Frame::parse(&bytes[..bytes.len() - 1]), None, "{length}");
            let frame = Frame { opcode: TEXT, head, payload: length };
            assert_eq!(Frame::parse(&bytes), Some(frame), "{length}");
        }
    }
}
