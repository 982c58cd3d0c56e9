//! The pod template that all roles share: what Pod Security "restricted" asks for, probes, secrets as files.

use std::collections::BTreeMap;

use confab_crds::tenant::TopologySpread;
use confab_crds::tenant::resolved::{ResolvedResources, ResolvedScheduling, ResolvedSecret, ResolvedWorkload};
use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, ContainerPort, HTTPGetAction, KeyToPath, Lifecycle,
    LifecycleHandler, LocalObjectReference, PersistentVolumeClaimVolumeSource, PodSecurityContext, PodSpec,
    PodTemplateSpec, Probe, ProjectedVolumeSource, ResourceRequirements, SeccompProfile, SecretProjection,
    SecurityContext, SleepAction, TopologySpreadConstraint, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use super::config::{ADMIN_CERTIFICATE, ADMIN_KEY, CONFIG_FILE, CONFIG_FOLDER, DATABASE_URL, MASTER_KEY, REDIS_URL};
use crate::check::{Bus, Dedicated, Storage};
use crate::names::{RESTARTED_AT, Role};
use crate::quantity::canonical;
use crate::settings::Settings;

/// REST and WebSocket.
pub const HTTP_PORT: i32 = 8080;
/// Probes and metrics.
pub const OPS_PORT: i32 = 9090;
/// `TenantAdmin`.
pub const ADMIN_PORT: i32 = 9091;
/// A managed Redis.
pub const REDIS_PORT: i32 = 6379;
/// Where secrets are mounted.
pub(super) const SECRETS_FOLDER: &str = "/run/secrets/confab";
/// Where an embedded database lies.
pub(super) const DATA_FOLDER: &str = "/var/lib/confab";
/// A drain ends within this.
pub(super) const DRAIN_SECONDS: u64 = 25;
/// From the decision to end a pod to SIGTERM: so long others may still send it requests, since not all have heard of it yet.
const PRE_STOP_SECONDS: i64 = 5;
/// The user that our images run as.
const USER: i64 = 65532;

/// The pod template of a role.
pub(super) fn template(
    tenant: &Dedicated,
    settings: &Settings,
    role: Role,
    workload: &ResolvedWorkload,
    config_name: &str,
) -> Value {
    let annotations = tenant.restarted_at.as_ref().map(|at| BTreeMap::from([(RESTARTED_AT.to_owned(), at.clone())]));
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(tenant.names.labels(Some(role))),
            annotations,
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            init_containers: (role == Role::Messaging).then(|| vec![migrate(tenant, settings, workload)]),
            containers: vec![main(tenant, settings, role, workload)],
            volumes: Some(volumes(tenant, role, config_name)),
            // The kubelet's wait, the drain, and a little for the last tasks.
            termination_grace_period_seconds: Some(PRE_STOP_SECONDS + i64::try_from(DRAIN_SECONDS).unwrap_or(25) + 10),
            ..restricted(tenant, settings, &workload.scheduling, role)
        }),
    };
    plain(&template)
}

/// What is the same for every pod of a tenant.
pub(super) fn restricted(
    tenant: &Dedicated,
    settings: &Settings,
    scheduling: &ResolvedScheduling,
    role: Role,
) -> PodSpec {
    let pull_secrets = settings.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() });
    PodSpec {
        service_account_name: Some(tenant.names.tenant().to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: some(pull_secrets.collect()),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
            ..PodSecurityContext::default()
        }),
        node_selector: (!scheduling.node_selector.is_empty()).then(|| scheduling.node_selector.clone()),
        tolerations: some(scheduling.tolerations.clone()),
        affinity: scheduling.affinity.clone(),
        priority_class_name: scheduling.priority_class_name.clone(),
        topology_spread_constraints: spread(tenant, scheduling.topology_spread, role),
        ..PodSpec::default()
    }
}

/// What is the same for every container.
pub(super) fn hardened() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
        ..SecurityContext::default()
    }
}

pub(super) fn resources(resources: &ResolvedResources) -> ResourceRequirements {
    let amount = |text: &String| Quantity(canonical(text));
    let mut limits = BTreeMap::from([("memory".to_owned(), amount(&resources.memory_limit))]);
    if let Some(cpu) = &resources.cpu_limit {
        limits.insert("cpu".to_owned(), amount(cpu));
    }
    let requests = BTreeMap::from([
        ("cpu".to_owned(), amount(&resources.cpu_request)),
        ("memory".to_owned(), amount(&resources.memory_request)),
    ]);
    ResourceRequirements { requests: Some(requests), limits: Some(limits), ..ResourceRequirements::default() }
}

/// As data, without what is not said.
pub(super) fn plain(typed: &impl serde::Serialize) -> Value {
    serde_json::to_value(typed).expect("a Kubernetes object is plain data with text keys")
}

fn main(tenant: &Dedicated, settings: &Settings, role: Role, workload: &ResolvedWorkload) -> Container {
    let mut args: Vec<String> = Vec::new();
    if role == Role::Serve {
        args.push("serve".to_owned());
    }
    args.extend(["--config".to_owned(), format!("{CONFIG_FOLDER}/{CONFIG_FILE}")]);
    Container {
        name: role.name().to_owned(),
        image: Some(image(settings, role).to_owned()),
        image_pull_policy: Some(settings.image_pull_policy.clone()),
        args: Some(args),
        ports: Some(ports(role)),
        resources: Some(resources(&workload.resources)),
        volume_mounts: Some(mounts(tenant, role)),
        security_context: Some(hardened()),
        startup_probe: Some(Probe { failure_threshold: Some(60), period_seconds: Some(1), ..probe("/healthz") }),
        liveness_probe: Some(Probe { failure_threshold: Some(6), period_seconds: Some(10), ..probe("/healthz") }),
        readiness_probe: Some(Probe { failure_threshold: Some(2), period_seconds: Some(2), ..probe("/readyz") }),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction { seconds: PRE_STOP_SECONDS }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// Brings the database up to date before a pod serves. Several may do so at once; presence, which starts beside it, finds it
/// done or waits. Its last words tell why it could not.
fn migrate(tenant: &Dedicated, settings: &Settings, workload: &ResolvedWorkload) -> Container {
    Container {
        name: "migrate".to_owned(),
        image: Some(settings.images.messaging.clone()),
        image_pull_policy: Some(settings.image_pull_policy.clone()),
        args: Some(migrate_args()),
        resources: Some(resources(&workload.resources)),
        volume_mounts: Some(mounts(tenant, Role::Messaging)),
        security_context: Some(hardened()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// It ends soon when the database is not there, so that its last words are heard; the kubelet starts it again.
fn migrate_args() -> Vec<String> {
    let config = format!("{CONFIG_FOLDER}/{CONFIG_FILE}");
    ["--config", &config, "--migrate", "--wait-seconds", "20"].map(str::to_owned).to_vec()
}

pub(super) fn image(settings: &Settings, role: Role) -> &str {
    match role {
        Role::Messaging => &settings.images.messaging,
        Role::Presence => &settings.images.presence,
        Role::Serve => &settings.images.serve,
        Role::Redis => &settings.images.redis,
    }
}

fn ports(role: Role) -> Vec<ContainerPort> {
    let port = |name: &str, number| ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let mut ports = vec![port("http", HTTP_PORT), port("ops", OPS_PORT)];
    if role != Role::Presence {
        ports.push(port("admin", ADMIN_PORT));
    }
    ports
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("ops".to_owned()),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

fn mounts(tenant: &Dedicated, role: Role) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    let mut mounts = vec![mount("config", CONFIG_FOLDER, Some(true)), mount("secrets", SECRETS_FOLDER, Some(true))];
    if role == Role::Serve && tenant.is_embedded() {
        mounts.push(mount("data", DATA_FOLDER, None));
    }
    mounts
}

fn volumes(tenant: &Dedicated, role: Role, config_name: &str) -> Vec<Volume> {
    let config = Volume {
        name: "config".to_owned(),
        config_map: Some(ConfigMapVolumeSource { name: config_name.to_owned(), ..ConfigMapVolumeSource::default() }),
        ..Volume::default()
    };
    let secrets = Volume {
        name: "secrets".to_owned(),
        projected: Some(ProjectedVolumeSource {
            // Readable by the group that the kubelet gives the files to.
            default_mode: Some(0o440),
            sources: Some(secrets(tenant, role)),
        }),
        ..Volume::default()
    };
    let mut volumes = vec![config, secrets];
    if role == Role::Serve {
        volumes.push(Volume {
            name: "data".to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: tenant.names.data(),
                ..PersistentVolumeClaimVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}

fn secrets(tenant: &Dedicated, role: Role) -> Vec<VolumeProjection> {
    let mut sources = vec![file(&tenant.names.master_key(), &[("master.key", MASTER_KEY)])];
    if role != Role::Presence {
        sources.push(file(&tenant.names.admin_tls(), &[("tls.crt", ADMIN_CERTIFICATE), ("tls.key", ADMIN_KEY)]));
    }
    if let Storage::Postgres { url: ResolvedSecret { name, key }, .. } = &tenant.storage {
        sources.push(file(name, &[(key, DATABASE_URL)]));
    }
    match &tenant.bus {
        Some(Bus::Url { url: ResolvedSecret { name, key }, .. }) => sources.push(file(name, &[(key, REDIS_URL)])),
        Some(Bus::Managed(_)) => sources.push(file(&tenant.names.redis_secret(), &[("uri", REDIS_URL)])),
        None => {}
    }
    sources
}

fn file(secret: &str, items: &[(&str, &str)]) -> VolumeProjection {
    let items = items.iter().map(|(key, path)| KeyToPath {
        key: (*key).to_owned(),
        path: (*path).to_owned(),
        ..KeyToPath::default()
    });
    VolumeProjection {
        secret: Some(SecretProjection {
            name: secret.to_owned(),
            items: Some(items.collect()),
            ..SecretProjection::default()
        }),
        ..VolumeProjection::default()
    }
}

/// Over nodes and over zones.
fn spread(tenant: &Dedicated, wish: TopologySpread, role: Role) -> Option<Vec<TopologySpreadConstraint>> {
    let when = match wish {
        TopologySpread::None => return None,
        TopologySpread::Preferred => "ScheduleAnyway",
        TopologySpread::Required => "DoNotSchedule",
    };
    let over = |key: &str| TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: when.to_owned(),
        label_selector: Some(LabelSelector {
            match_labels: Some(tenant.names.selector(role)),
            ..LabelSelector::default()
        }),
        // Each rollout is spread by itself.
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]).filter(|_| role != Role::Serve),
        ..TopologySpreadConstraint::default()
    };
    Some(vec![over("kubernetes.io/hostname"), over("topology.kubernetes.io/zone")])
}

pub(super) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
