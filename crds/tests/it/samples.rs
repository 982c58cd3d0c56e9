//! `config/samples`: tried, and complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use confab_crds::offline::load;
use confab_crds::tenant::resolved::ResolvedReplicas;
use confab_crds::{ChatTenant, ChatTenantSpec};
use kube::CustomResourceExt;
use serde_json::Value;

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples")
}

fn sample(name: &str) -> Vec<ChatTenant> {
    let text = std::fs::read(folder().join(name)).unwrap();
    load(name, text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_sample_loads() {
    assert_eq!(names().len(), 9);
    for name in names() {
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
fn the_limits_sample_names_every_field_of_accounts_and_limits() {
    let (mut known, mut named) = (BTreeSet::new(), BTreeSet::new());
    fields_of_schema(&spec_schema(), "spec", &mut known);
    fields_of_value(&serde_json::to_value(&sample("limits.yaml")[0].spec).unwrap(), "spec", &mut named);
    let shown =
        |path: &String| ["spec.auth", "spec.limits", "spec.encryption"].iter().any(|part| path.starts_with(part));
    known.retain(shown);
    named.retain(shown);
    assert!(known.len() > 20, "the walk found too little: {known:?}");
    assert_eq!(named, known);
}

#[test]
fn the_samples_show_whatever_this_version_does() {
    let mut named = BTreeSet::new();
    for name in names() {
        for tenant in sample(&name) {
            named.extend(serde_json::to_value(&tenant.spec).unwrap().as_object().unwrap().keys().cloned());
        }
    }
    for (name, property) in spec_schema()["properties"].as_object().unwrap() {
        let later = property["description"].as_str().unwrap().contains("No program of this version reads it yet.");
        assert_eq!(named.contains(name), !later, "{name}");
    }
}

#[test]
fn every_sample_says_how_it_is_used() {
    for name in names() {
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        assert!(text.starts_with("# "), "{name} begins with what it is");
        let comments = text.lines().filter(|line| line.contains("# ")).count();
        assert!(comments >= 3, "{name} explains too little");
    }
}

#[test]
fn the_highly_available_sample_scales_and_the_laptop_sample_does_not() {
    let tenant = sample("highly-available.yaml").remove(0).resolved();
    let dedicated = tenant.placement.dedicated().unwrap();
    assert!(matches!(
        dedicated.messaging.replicas,
        ResolvedReplicas::Scaled { min: 2, max: 8, target_cpu_percent: 70 }
    ));
    assert!(matches!(dedicated.presence.as_ref().unwrap().replicas, ResolvedReplicas::Scaled { min: 3, max: 12, .. }));
    assert!(sample("laptop.yaml")[0].resolved().placement.dedicated().is_none());
}

fn spec_schema() -> Value {
    let definition = serde_json::to_value(ChatTenant::crd()).unwrap();
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
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
