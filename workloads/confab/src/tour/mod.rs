//! `confab tour`: documentation that runs. It talks to a server only as a client would, over REST and WebSocket.

mod address;
mod person;
mod story;
mod transcript;

use std::io;

use anyhow::{Context as _, Result};
use confab_chassis::telemetry;
use confab_contract::ConversationId;
use confab_contract::config::section::LogConfig;

use crate::cli::TourArgs;
use crate::up;
use address::Addresses;
use person::Person;
use story::Stage;
use transcript::Transcript;

/// Plays the tour against `--url`, or against a server of its own.
pub async fn run(args: TourArgs) -> Result<()> {
    if !args.start {
        return Box::pin(play(Addresses::of(&args.url, args.socket_url.as_deref())?)).await;
    }
    // Why a start waits, and nothing else: the transcript is the output.
    telemetry::init(&LogConfig { filter: "warn".to_owned(), ..LogConfig::default() })?;
    let scratch = tempfile::tempdir().context("no scratch folder can be made")?;
    let server = up::start(up::Options::for_tour(args, scratch.path())).await?;
    let outcome = Box::pin(play(Addresses::of(&server.base_url(), None)?)).await;
    server.stop().await;
    outcome
}

async fn play(addresses: Addresses) -> Result<()> {
    let (base, http) = (addresses.api.clone(), addresses.http_client()?);
    // Ids are time-ordered and unique, so their last digits keep the names of two tours apart.
    let fresh = ConversationId::generate().to_string();
    let tag = &fresh[fresh.len() - 10..];
    let mut transcript = Transcript::new(io::stdout());
    transcript.say(&format!("Confab tour against {base}"))?;
    transcript.say("→ and ← are requests and replies, ⇒ and ⇐ frames of a WebSocket; secrets are shortened.")?;
    let mut stage = Stage {
        transcript,
        ada: Person::new("Ada", tag, addresses.clone(), http.clone()),
        grace: Person::new("Grace", tag, addresses, http),
    };
    Box::pin(story::play(&mut stage)).await.with_context(|| format!("the tour against {base} did not end well"))?;
    stage.transcript.say("")?;
    stage.transcript.say("Tour complete: nothing was lost.")?;
    Ok(())
}
