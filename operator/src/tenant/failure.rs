//! Why a reconcile failed. Each is tried again; what trying cannot mend is a [`confab_desired::Stall`], and no failure.

use confab_desired::{Reason, Stall};

use crate::admin::HostError;

/// Why a reconcile failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The API server did not answer, or not yet.
    #[error("unable to {what}")]
    Cluster {
        /// What was tried.
        what: String,
        /// Why.
        source: kube::Error,
    },
    /// A host did not answer.
    #[error(transparent)]
    Host(HostError),
}

impl Failure {
    /// For `map_err`.
    pub fn cluster(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Cluster { what, source }
    }

    /// The name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cluster { .. } => "Cluster",
            Self::Host(_) => "Host",
        }
    }
}

/// What a refusal of the API server means, if trying again would not mend it.
pub(super) fn refusal(error: &kube::Error, condition: &'static str, object: &str) -> Option<Stall> {
    let kube::Error::Api(status) = error else { return None };
    let reason = match status.code {
        // Said of a namespace that is going, too: nothing to report, it passes.
        403 if status.message.contains("being terminated") => return None,
        403 => Reason::Forbidden,
        400 | 404 | 405 | 415 | 422 => Reason::Refused,
        _ => return None,
    };
    Some(Stall::new(condition, reason, format!("{object}: {}", status.message)))
}
