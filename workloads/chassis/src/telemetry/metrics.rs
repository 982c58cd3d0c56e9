//! The metrics of a process, in the OpenMetrics text format.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::registry::{Metric, Registry};

/// The registry of a process's metrics. Names begin with `confab_`.
#[derive(Clone)]
pub struct Metrics(Arc<Mutex<Inner>>);

struct Inner {
    registry: Registry,
    sets: HashMap<TypeId, Box<dyn Any + Send>>,
}

/// Metrics that belong together and are registered together.
pub trait MetricSet: Clone + Send + 'static {
    /// Makes the metrics and registers each.
    fn register(registry: &mut Registry) -> Self;
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::with_prefix("confab");
        Self(Arc::new(Mutex::new(Inner { registry, sets: HashMap::new() })))
    }

    /// Adds one metric. Its clones share the numbers.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        self.with(|inner| inner.registry.register(name, help, metric));
    }

    /// Adds numbers that are found out when somebody asks for them.
    pub fn register_collector(&self, collector: impl Collector) {
        self.with(|inner| inner.registry.register_collector(Box::new(collector)));
    }

    /// The metrics of a kind: made and registered at the first call, the same ones ever after. So two services in one
    /// process count into the same numbers.
    pub fn set<M: MetricSet>(&self) -> M {
        self.with(|inner| {
            if let Some(set) = inner.sets.get(&TypeId::of::<M>()).and_then(|set| set.downcast_ref::<M>()) {
                return set.clone();
            }
            let set = M::register(&mut inner.registry);
            inner.sets.insert(TypeId::of::<M>(), Box::new(set.clone()));
            set
        })
    }

    /// All metrics as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        let written = self.with(|inner| prometheus_client::encoding::text::encode(&mut text, &inner.registry));
        written.expect("writing to a String does not fail");
        text
    }

    fn with<R>(&self, work: impl FnOnce(&mut Inner) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[derive(Clone, Default)]
    struct Apples {
        eaten: Counter,
    }

    impl MetricSet for Apples {
        fn register(registry: &mut Registry) -> Self {
            let set = Self::default();
            registry.register("apples_eaten", "Apples that were eaten", set.eaten.clone());
            set
        }
    }

    #[test]
    fn a_set_asked_for_twice_is_registered_once_and_counts_together() {
        let metrics = Metrics::new();
        metrics.set::<Apples>().eaten.inc();
        metrics.set::<Apples>().eaten.inc();
        let text = metrics.encode();
        assert_eq!(text.matches("confab_apples_eaten_total 2").count(), 1, "{text}");
    }
}
