//! The watches that keep the [`World`]: filtered by label, pruned before they are kept, begun again when they break.

use std::sync::Arc;

use confab_chassis::background::Background;
use confab_crds::ChatTenant;
use confab_desired::names::MANAGED_BY;
use confab_desired::{FIELD_MANAGER, Kind};
use futures_util::{Stream, StreamExt as _};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Key, World};
use crate::metrics::OperatorMetrics;
use crate::queue::Queue;

/// Objects per page of a list: small pages keep the peak of memory small.
const PAGE: u32 = 100;

/// Whose objects are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Cluster,
    /// Those of these namespaces.
    Namespaces(Vec<String>),
}

impl Scope {
    /// How many watches it takes per kind.
    pub fn watches(&self) -> usize {
        match self {
            Self::Cluster => 1,
            Self::Namespaces(namespaces) => namespaces.len(),
        }
    }

    /// Whether a namespace is among them.
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::Cluster => true,
            Self::Namespaces(namespaces) => namespaces.iter().any(|known| known == namespace),
        }
    }

    fn apis<K>(&self, client: &Client, resource: &K::DynamicType) -> Vec<Api<K>>
    where
        K: Resource<Scope = kube::core::DynamicResourceScope>,
    {
        match self {
            Self::Cluster => vec![Api::all_with(client.clone(), resource)],
            Self::Namespaces(namespaces) => {
                let one = |namespace: &String| Api::namespaced_with(client.clone(), namespace, resource);
                namespaces.iter().map(one).collect()
            }
        }
    }
}

/// Everything that a watch needs.
#[derive(Clone)]
pub struct Watches {
    /// The way to the API server.
    pub client: Client,
    /// Whose objects.
    pub scope: Scope,
    /// Where it is kept.
    pub world: World,
    /// Who has to be reconciled.
    pub queue: Queue<Key>,
    /// What is counted.
    pub metrics: OperatorMetrics,
}

impl Watches {
    /// Watches tenants.
    pub fn spawn_tenants(&self, background: &Background) {
        let apis: Vec<Api<ChatTenant>> = match &self.scope {
            Scope::Cluster => vec![Api::all(self.client.clone())],
            Scope::Namespaces(namespaces) => {
                namespaces.iter().map(|namespace| Api::namespaced(self.client.clone(), namespace)).collect()
            }
        };
        for (number, api) in apis.into_iter().enumerate() {
            let watches = self.clone();
            background.spawn("watch-tenants", move |stop| {
                let events = watcher(api.clone(), watcher::Config::default().page_size(PAGE));
                let watches = watches.clone();
                let take = {
                    let world = watches.world.clone();
                    move |event: Event<ChatTenant>| world.take_tenant(number, keyed(event, pruned_tenant))
                };
                watches.follow(events, take, stop)
            });
        }
    }

    /// Watches the objects of a kind that carry our label.
    pub fn spawn_children(&self, background: &Background, kind: Kind) {
        let resource = resource(kind);
        self.world.expect(kind, self.scope.watches());
        for (number, api) in self.scope.apis::<DynamicObject>(&self.client, &resource).into_iter().enumerate() {
            let watches = self.clone();
            background.spawn("watch-children", move |stop| {
                let config =
                    watcher::Config::default().page_size(PAGE).labels(&format!("{MANAGED_BY}={FIELD_MANAGER}"));
                let events = watcher(api.clone(), config);
                let watches = watches.clone();
                let take = {
                    let world = watches.world.clone();
                    move |event: Event<DynamicObject>| world.take_child(kind, number, keyed(event, pruned_child))
                };
                watches.follow(events, take, stop)
            });
        }
    }

    async fn follow<K>(
        self,
        events: impl Stream<Item = Result<Event<K>, watcher::Error>> + Send + 'static,
        take: impl Fn(Event<K>) -> Vec<Key>,
        stop: CancellationToken,
    ) {
        let mut events = events.default_backoff().boxed();
        while let Some(Some(event)) = stop.run_until_cancelled(events.next()).await {
            match event {
                Ok(event) => take(event).into_iter().for_each(|key| self.queue.add(key)),
                Err(error) => {
                    self.metrics.watch_errors.inc();
                    tracing::debug!(%error, "a watch broke and begins again");
                }
            }
        }
    }
}

/// How kube addresses a kind.
pub fn resource(kind: Kind) -> ApiResource {
    let spelling = kind.spelling();
    let kind = GroupVersionKind::gvk(spelling.group, spelling.version, spelling.kind);
    ApiResource::from_gvk_with_plural(&kind, spelling.plural)
}

fn keyed<K: Resource, T>(event: Event<K>, prune: impl Fn(K) -> T) -> Event<(Key, T)> {
    let pair = |object: K| {
        let meta = object.meta();
        let key =
            Key { namespace: meta.namespace.clone().unwrap_or_default(), name: meta.name.clone().unwrap_or_default() };
        (key, prune(object))
    };
    match event {
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
        Event::InitApply(object) => Event::InitApply(pair(object)),
        Event::Apply(object) => Event::Apply(pair(object)),
        Event::Delete(object) => Event::Delete(pair(object)),
    }
}

/// A tenant's own `managedFields` are two thirds of it, and nobody asks for them.
fn pruned_tenant(mut tenant: ChatTenant) -> ChatTenant {
    tenant.metadata.managed_fields = None;
    tenant
}

/// Only our own entry of `managedFields` is compared with.
fn pruned_child(mut object: DynamicObject) -> Value {
    if let Some(entries) = &mut object.metadata.managed_fields {
        entries.retain(|entry| entry.manager.as_deref() == Some(FIELD_MANAGER));
    }
    // Objects of a list carry no type; whoever compares must not miss it.
    object.types = None;
    serde_json::to_value(&object).unwrap_or_default()
}

/// Whether a list or watch failed because nobody installed the kind.
pub fn is_missing(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// For whoever wants the object as the world keeps it.
pub fn kept(object: DynamicObject) -> Arc<Value> {
    Arc::new(pruned_child(object))
}
