//! Counts the tenants that are Ready, by a watch of its own.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::watch;

use crate::lab::Lab;

/// How many tenants are Ready.
pub struct Ready {
    count: watch::Receiver<usize>,
}

impl Ready {
    /// Watches from now on.
    pub fn watch(lab: &Lab) -> Self {
        let (tell, count) = watch::channel(0);
        let mut events = watcher(lab.tenants(), watcher::Config::default()).boxed();
        let names: Arc<Mutex<HashSet<String>>> = Arc::default();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let Ok(Event::Apply(tenant) | Event::InitApply(tenant)) = event else { continue };
                let conditions = tenant.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
                let ready = conditions.iter().any(|found| found["type"] == "Ready" && found["status"] == "True");
                if ready {
                    let mut names = names.lock().expect("nobody panics with it");
                    names.insert(tenant.metadata.name.unwrap_or_default());
                    tell.send_replace(names.len());
                }
            }
        });
        Self { count }
    }

    /// How many now.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits for so many.
    pub async fn until(&self, count: usize) {
        self.count.clone().wait_for(|now| *now >= count).await.expect("it is watched");
    }
}
