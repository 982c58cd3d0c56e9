//! Many people in groups of a hundred, on one `confab up` with SQLite.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use confab_contract::{ConversationId, UserId};
use tokio::task::JoinSet;

use super::Scale;
use crate::client::Account;
use crate::client::api::Api;
use crate::harness::{Engine, Server, Site, SiteOptions};

/// Members of a group.
pub const GROUP: usize = 100;
/// Sign-ups at the same time; the server hashes two passwords at a time.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_mins(1);

/// People, their groups, and the server that knows them.
pub struct Crowd {
    site: Site,
    /// Everybody; person `n` is in group `n / GROUP`.
    pub people: Vec<Account>,
    /// The groups.
    pub groups: Vec<ConversationId>,
}

impl Crowd {
    /// Signs everybody up.
    pub async fn gather(scale: &Scale) -> Result<Self> {
        let site = Site::laptop(Engine::Sqlite, &SiteOptions::default(), scale.logs()).await?;
        let people = sign_up(site.messaging[0], "crowd", scale.pick(2000, 400)).await?;
        let api = Api::new(format!("http://{}", site.messaging[0]), PATIENCE)?;
        let mut groups = Vec::new();
        for (number, members) in people.chunks(GROUP).enumerate() {
            let others: Vec<UserId> = members.iter().skip(1).map(|account| account.user).collect();
            groups.push(api.create_group(&members[0], &format!("group {number}"), &others).await?);
        }
        Ok(Self { site, people, groups })
    }

    /// Where the server is.
    pub fn address(&self) -> SocketAddr {
        self.site.messaging[0]
    }

    /// The server.
    pub fn server(&mut self) -> &mut Server {
        &mut self.site.servers[0].1
    }

    /// A server that has nothing in memory yet.
    pub async fn restart(&mut self) -> Result<()> {
        self.server().kill().await?;
        self.server().start().await?;
        // The first requests fill caches that have nothing to do with sockets.
        let api = Api::new(format!("http://{}", self.address()), PATIENCE)?;
        for (number, group) in self.groups.iter().enumerate() {
            api.conversation(&self.people[number * GROUP], *group).await?;
        }
        Ok(())
    }
}

/// Makes accounts, several at a time.
pub async fn sign_up(server: SocketAddr, tag: &str, count: usize) -> Result<Vec<Account>> {
    let api = Arc::new(Api::new(format!("http://{server}"), PATIENCE)?);
    let mut tasks: JoinSet<Result<Vec<(usize, Account)>>> = JoinSet::new();
    for lane in 0..AT_ONCE {
        let (api, tag) = (Arc::clone(&api), tag.to_owned());
        tasks.spawn(async move {
            let mut accounts = Vec::new();
            for number in (lane..count).step_by(AT_ONCE) {
                accounts.push((number, api.sign_up(&format!("{tag}-{number}")).await?));
            }
            Ok(accounts)
        });
    }
    let mut all = Vec::new();
    while let Some(accounts) = tasks.join_next().await {
        all.extend(accounts.context("a sign-up panicked")??);
    }
    all.sort_unstable_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, account)| account).collect())
}
