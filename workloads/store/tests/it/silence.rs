//! A way to a server that can fall silent: what is connected stays connected and hears nothing more, as when a host dies
//! or a network is parted. Connections that are made later reach the server, as they would its successor.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The way to one server.
pub struct Way {
    address: SocketAddr,
    silenced: watch::Sender<u64>,
}

impl Way {
    /// A way to `server`, on a port of its own.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silenced, watch) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let upstream = TcpStream::connect(server).await.unwrap();
                tokio::spawn(carry(client, upstream, watch.clone()));
            }
        });
        Self { address, silenced }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing passes any more on what is connected now.
    pub fn silence(&self) {
        self.silenced.send_modify(|times| *times += 1);
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, mut silenced: watch::Receiver<u64>) {
    silenced.mark_unchanged();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = silenced.changed() => std::future::pending().await,
    }
}
