//! Volumes, which can only grow.

use kube::core::{Reason, Rule};

use super::backing::variant;
use super::reaches;
use crate::tenant::defaults::STORAGE_SIZE;

/// A volume of the tenant.
#[derive(Clone, Copy)]
pub(in crate::tenant) enum Volume {
    Embedded,
    CloudNativePg,
    Files,
}

impl Volume {
    fn path(self) -> &'static str {
        match self {
            Self::Embedded => "database.embedded.storage",
            Self::CloudNativePg => "database.cloudNativePG.storage",
            Self::Files => "files.volume",
        }
    }

    /// Whether the tenant had the volume before and still has it; where it has not, another rule speaks.
    fn stays(self) -> String {
        let in_database = |name: &str| format!("{} == '{name}' && {} == '{name}'", variant("self"), variant("oldSelf"));
        match self {
            Self::Embedded => in_database("embedded"),
            Self::CloudNativePg => in_database("cloudNativePG"),
            Self::Files => format!("{} && {}", reaches("self", self.path()), reaches("oldSelf", self.path())),
        }
    }
}

/// Kubernetes cannot make a volume smaller.
pub(in crate::tenant) fn size_never_shrinks(volume: Volume) -> Rule {
    let path = format!("{}.size", volume.path());
    let size =
        |root: &str| format!("({} ? quantity({root}.{path}) : quantity('{STORAGE_SIZE}'))", reaches(root, &path));
    Rule::new(format!("!({}) || {}.compareTo({}) >= 0", volume.stays(), size("self"), size("oldSelf")))
        .message(&*format!(
            "{path} cannot shrink: Kubernetes can only make a volume larger; give the old size or more (an absent size is {STORAGE_SIZE})"
        ))
        .reason(Reason::FieldValueForbidden)
        .field_path(format!(".{path}"))
}

/// Nor can it move one to another class.
pub(in crate::tenant) fn class_stays(volume: Volume) -> Rule {
    let path = format!("{}.storageClassName", volume.path());
    let class = |root: &str| format!("({} ? {root}.{path} : '')", reaches(root, &path));
    Rule::new(format!("!({}) || {} == {}", volume.stays(), class("self"), class("oldSelf")))
        .message(&*format!(
            "{path} cannot be changed: Kubernetes does not move a volume to another class; give the old name, or create another ChatTenant"
        ))
        .reason(Reason::FieldValueForbidden)
        .field_path(format!(".{path}"))
}
