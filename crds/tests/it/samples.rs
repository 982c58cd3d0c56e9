//! `config/samples`: tried, and complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use confab_crds::offline::load;
use confab_crds::{ChatTenant, ChatTenantSpec};
use kube::CustomResourceExt;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples")
}

fn sample(name: &str) -> Vec<ChatTenant> {
    let text = std::fs::read(folder().join(name)).unwrap();
    load(name, text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn every_sample_loads() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!sample(&name).is_empty(), "{name}");
    }
}

#[test]
fn the_laptop_sample_is_one_tenant_at_localhost() {
    let tenants = sample("laptop.yaml");
    let [demo] = tenants.as_slice() else { panic!("{tenants:?}") };
    assert_eq!((demo.tenant_id().as_str(), demo.spec.domain.as_str()), ("default.demo", "localhost"));
    assert_eq!(demo.spec, ChatTenantSpec { domain: "localhost".into(), ..ChatTenantSpec::default() });
}

#[test]
fn the_limits_sample_shows_the_defaults() {
    let limits = &sample("limits.yaml")[0];
    let mut shown = limits.resolved();
    assert_eq!(shown.auth.allowed_origins.len(), 1);
    shown.auth.allowed_origins.clear();
    let mut bare = limits.clone();
    bare.spec = ChatTenantSpec { domain: limits.spec.domain.clone(), ..ChatTenantSpec::default() };
    assert_eq!(shown, bare.resolved());
}

#[test]
fn the_limits_sample_names_every_field() {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    let spec = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let mut known = BTreeSet::new();
    fields_of_schema(spec, "spec", &mut known);
    let mut named = BTreeSet::new();
    for tenant in sample("limits.yaml") {
        fields_of_value(&serde_json::to_value(&tenant.spec).unwrap(), "spec", &mut named);
    }
    assert!(known.len() > 30, "the walk found too little: {known:?}");
    assert_eq!(named, known);
}

fn fields_of_schema(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        fields_of_schema(property, &path, found);
        found.insert(path);
    }
}

fn fields_of_value(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        fields_of_value(inner, &path, found);
        found.insert(path);
    }
}
