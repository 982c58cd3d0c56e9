//! The types of conditions of a `ChatTenant`.

/// A type of condition, for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type {
    /// As in `status.conditions[].type`.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What `True` says, and what `False`.
    pub says: &'static str,
}

macro_rules! conditions {
    ($( $(#[doc = $doc:literal])+ $constant:ident = $name:literal, $says:literal; )+) => {
        $( $(#[doc = $doc])+ pub const $constant: &str = $name; )+

        /// All of them: what is ours among the conditions of a status.
        pub const ALL: &[Type] = &[ $( Type { name: $name, about: concat!($($doc),+), says: $says }, )+ ];
    };
}

conditions! {
    /// Whether the tenant can be used.
    READY = "Ready", "`True`: it can. `False`: not yet, or not before somebody acts; reason and message are those of the part that is in the way.";
    /// Whether work towards the spec goes on (kstatus).
    RECONCILING = "Reconciling", "Only there while it does, as `True`.";
    /// Whether nothing improves before somebody acts (kstatus).
    STALLED = "Stalled", "Only there while it is so, as `True`; the message says what to do.";
    /// What the spec refers to: Secrets, names, rules.
    REFERENCES = "References", "`True`: all of it is there and may be used. `False`: the message names what is missing.";
    /// The database.
    DATABASE = "Database", "`True`: it is set up. `False`: it is not there yet, or does not let the pods in.";
    /// The Redis, where the spec asks for one.
    REDIS = "Redis", "`True`: it is set up. `False`: it is not.";
    /// The pods. On a Shared tenant there is no such condition.
    WORKLOADS = "Workloads", "`True`: enough of them serve. `False`: they do not yet; the message counts them, or repeats what they say.";
    /// The way in from outside, where the spec asks for one.
    GATEWAY = "Gateway", "`True`: its objects are there; whether a controller serves them is the controller's to say. `False`: a kind is missing.";
    /// The host that serves a Shared tenant.
    HOST = "Host", "`True`: it does. `False`: it does not; the message says why.";
    /// Whether a newer release waits to be let in.
    UPDATE_WAITING = "UpdateWaiting", "Only there while one waits, as `True`. It is no obstacle to `Ready`.";
    /// Whether the operator leaves the tenant as it is.
    PAUSED = "Paused", "Only there while it does, as `True`. The other conditions are then those of the time before.";
    /// What the spec asks for and this version does not do.
    UNSUPPORTED = "Unsupported", "Only there if there is something, as `True`. It is no obstacle to `Ready`.";
}
