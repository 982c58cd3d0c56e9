//! The folder of an earlier `confab render -o dir=`.

use std::fs;
use std::path::{Path, PathBuf};

use confab_crds::tenant::resolved::ResolvedTenant;
use confab_desired::Kind;
use confab_desired::names::INSTANCE;
use serde_json::Value;

use super::Child;

/// All objects of kinds that we know, of all tenants.
pub(super) struct Folder {
    path: PathBuf,
    objects: Vec<Child>,
}

impl Folder {
    /// Every YAML file below it.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        if !path.is_dir() {
            let path = path.display();
            return Err(format!(
                "{path} is no folder; make it with `confab render -f FILE -o dir={path}`, or write --against live"
            ));
        }
        let mut files = Vec::new();
        collect(path, &mut files)?;
        files.sort();
        let mut objects = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let value: Value = yaml_serde::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
            let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
            let kind = Kind::find(&text("apiVersion"), &text("kind"));
            objects.extend(kind.map(|kind| (kind, Box::new(value))));
        }
        Ok(Self { path: path.to_owned(), objects })
    }

    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn children(&self, tenant: &ResolvedTenant) -> Vec<Child> {
        self.of(tenant, |kind| kind != Kind::Secret)
    }

    pub(super) fn secrets(&self, tenant: &ResolvedTenant) -> Vec<Child> {
        self.of(tenant, |kind| kind == Kind::Secret)
    }

    fn of(&self, tenant: &ResolvedTenant, is: fn(Kind) -> bool) -> Vec<Child> {
        let belongs = |object: &Value| {
            let metadata = &object["metadata"];
            metadata["namespace"] == tenant.namespace.as_str() && metadata["labels"][INSTANCE] == tenant.name.as_str()
        };
        self.objects.iter().filter(|(kind, object)| is(*kind) && belongs(object)).cloned().collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
