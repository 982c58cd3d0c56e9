//! A namespace of one test.

/// A namespace that nobody else uses.
#[derive(Debug)]
pub struct Namespace {
    pub(super) name: String,
}

impl Namespace {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
