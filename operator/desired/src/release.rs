//! A newer operator does not by itself restart what runs.
//!
//! Each Deployment and StatefulSet carries, as an annotation, what it was rendered from: the release, a digest of what the
//! tenant's spec says about its pods, the pod template and the Config. When a newer release would render something else for
//! the same spec, the former rendering is kept, and still repaired from that annotation, until somebody lets the release in:
//! by an annotation, by `updateStrategy: Auto`, or by a change of the spec that replaces the pods anyway.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::sorted;

/// A rendering of the pods of one role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// The release of the images and of the operator that rendered it.
    pub release: String,
    /// Digest of what the spec says about these pods.
    pub inputs: String,
    /// Name of the ConfigMap with the Config, which the template mounts; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config_name: String,
    /// The Config file; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// `spec.template` of the Deployment or StatefulSet.
    pub template: Value,
}

impl Rendered {
    /// As an annotation.
    ///
    /// # Panics
    ///
    /// Never: a rendering is plain data.
    pub fn annotation(&self) -> String {
        sorted(&serde_json::to_value(self).expect("a rendering is plain data with text keys"))
    }

    /// From an annotation. Nothing, if somebody broke it: then the present rendering is applied.
    pub fn read(annotation: &str) -> Option<Self> {
        serde_json::from_str(annotation).ok()
    }
}

/// Which of two renderings applies.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// The present one.
    Present(Rendered),
    /// The former one: a newer release waits.
    Former(Rendered),
}

impl Choice {
    /// The rendering itself.
    pub fn rendered(&self) -> &Rendered {
        match self {
            Self::Present(rendered) | Self::Former(rendered) => rendered,
        }
    }
}

/// Chooses. `let_in`: the new release may replace pods.
pub fn choose(former: Option<Rendered>, present: Rendered, let_in: bool) -> Choice {
    match former {
        Some(former)
            if former.release != present.release
                && former.inputs == present.inputs
                && !let_in
                && (former.template != present.template || former.config != present.config) =>
        {
            Choice::Former(former)
        }
        _ => Choice::Present(present),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(release: &str, inputs: &str) -> Rendered {
        Rendered {
            release: release.to_owned(),
            inputs: inputs.to_owned(),
            config_name: "c-1".to_owned(),
            config: "c".to_owned(),
            template: json!({ "image": release }),
        }
    }

    fn waits(former: Rendered, present: Rendered, let_in: bool) -> bool {
        matches!(choose(Some(former), present, let_in), Choice::Former(_))
    }

    #[test]
    fn a_new_release_waits_until_it_is_let_in_or_the_spec_replaces_the_pods_anyway() {
        assert!(waits(rendered("1", "a"), rendered("2", "a"), false));
        assert!(!waits(rendered("1", "a"), rendered("2", "a"), true));
        assert!(!waits(rendered("1", "a"), rendered("2", "b"), false));
        assert!(!waits(rendered("1", "a"), rendered("1", "b"), false));
    }

    #[test]
    fn a_release_that_changes_nothing_for_these_pods_does_not_wait() {
        let present = Rendered { template: json!({ "image": "1" }), ..rendered("2", "a") };
        assert!(!waits(rendered("1", "a"), present, false));
    }

    #[test]
    fn the_first_rendering_and_a_broken_annotation_use_the_present_one() {
        assert!(matches!(choose(None, rendered("2", "a"), false), Choice::Present(_)));
        assert_eq!(Rendered::read("{"), None);
        assert_eq!(Rendered::read(&rendered("1", "a").annotation()), Some(rendered("1", "a")));
    }
}
