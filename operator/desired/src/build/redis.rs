//! A Redis for wake-ups and shared rate limits alone: it keeps nothing on disk, since losing it loses nothing.

use std::collections::BTreeMap;

use confab_crds::tenant::TopologySpread;
use confab_crds::tenant::resolved::{ResolvedResources, ResolvedScheduling};
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, KeyToPath, PodSpec, PodTemplateSpec, Probe, SecretVolumeSource,
    TCPSocketAction, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{REDIS_PORT, hardened, image, plain, resources, restricted};
use super::workload::hold;
use crate::check::Dedicated;
use crate::kind::Kind;
use crate::names::{RENDERED, Role};
use crate::object::{Fate, Object};
use crate::release::{Choice, Rendered};
use crate::settings::Settings;

/// Where its settings, with the password, are mounted.
const CONFIG_FOLDER: &str = "/etc/redis";
/// Key of those settings in the Secret.
pub(super) const CONFIG_KEY: &str = "redis.conf";

/// The pod, held back like any other where a newer release waits.
pub(super) fn choice(
    tenant: &Dedicated,
    settings: &Settings,
    size: &ResolvedResources,
    former: Option<&Rendered>,
) -> Choice {
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(tenant.names.labels(Some(Role::Redis))), ..ObjectMeta::default() }),
        spec: Some(pod(tenant, settings, size)),
    };
    hold(tenant, settings, Role::Redis, former, (String::new(), String::new()), plain(&template))
}

pub(super) fn build(tenant: &Dedicated, choice: &Choice) -> Object {
    let role = Role::Redis;
    let labels = tenant.names.labels(Some(role));
    let mut metadata = tenant.owner.metadata(tenant.names.role(role), labels, Fate::GoesWithTenant);
    metadata.annotations = Some(BTreeMap::from([(RENDERED.to_owned(), choice.rendered().annotation())]));
    let set = StatefulSet {
        metadata,
        spec: Some(StatefulSetSpec {
            replicas: Some(i32::from(!tenant.hibernated)),
            revision_history_limit: Some(3),
            service_name: Some(tenant.names.role(role)),
            selector: LabelSelector { match_labels: Some(tenant.names.selector(role)), ..LabelSelector::default() },
            template: PodTemplateSpec::default(),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    };
    let mut object = Object::new(Kind::StatefulSet, &set);
    object.value["spec"]["template"] = choice.rendered().template.clone();
    object
}

/// Settings with the password.
pub(super) fn config(password: &str) -> String {
    format!(
        "bind * -::*\nport {REDIS_PORT}\nrequirepass {password}\nsave \"\"\nappendonly no\ndir /tmp\nmaxmemory-policy noeviction\n"
    )
}

fn pod(tenant: &Dedicated, settings: &Settings, size: &ResolvedResources) -> PodSpec {
    let anywhere = ResolvedScheduling {
        node_selector: tenant.messaging.scheduling.node_selector.clone(),
        tolerations: tenant.messaging.scheduling.tolerations.clone(),
        affinity: None,
        priority_class_name: tenant.messaging.scheduling.priority_class_name.clone(),
        topology_spread: TopologySpread::None,
    };
    PodSpec {
        containers: vec![container(settings, size)],
        volumes: Some(vec![
            Volume {
                name: "config".to_owned(),
                secret: Some(SecretVolumeSource {
                    secret_name: Some(tenant.names.redis_secret()),
                    default_mode: Some(0o440),
                    items: Some(vec![KeyToPath {
                        key: CONFIG_KEY.to_owned(),
                        path: CONFIG_KEY.to_owned(),
                        ..KeyToPath::default()
                    }]),
                    ..SecretVolumeSource::default()
                }),
                ..Volume::default()
            },
            Volume {
                name: "tmp".to_owned(),
                empty_dir: Some(EmptyDirVolumeSource {
                    size_limit: Some(Quantity("16Mi".to_owned())),
                    ..EmptyDirVolumeSource::default()
                }),
                ..Volume::default()
            },
        ]),
        ..restricted(tenant, settings, &anywhere, Role::Redis)
    }
}

fn container(settings: &Settings, size: &ResolvedResources) -> Container {
    let mount = |name: &str, path: &str, read_only| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    // The password is not known to a probe; whether the port answers is.
    let answers = |period| Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String("redis".to_owned()),
            ..TCPSocketAction::default()
        }),
        period_seconds: Some(period),
        ..Probe::default()
    };
    Container {
        name: Role::Redis.name().to_owned(),
        image: Some(image(settings, Role::Redis).to_owned()),
        image_pull_policy: Some(settings.image_pull_policy.clone()),
        command: Some(vec!["redis-server".to_owned(), format!("{CONFIG_FOLDER}/{CONFIG_KEY}")]),
        ports: Some(vec![ContainerPort {
            name: Some("redis".to_owned()),
            container_port: REDIS_PORT,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        resources: Some(resources(size)),
        volume_mounts: Some(vec![mount("config", CONFIG_FOLDER, Some(true)), mount("tmp", "/tmp", None)]),
        security_context: Some(hardened()),
        readiness_probe: Some(answers(2)),
        liveness_probe: Some(Probe { failure_threshold: Some(6), ..answers(10) }),
        ..Container::default()
    }
}
