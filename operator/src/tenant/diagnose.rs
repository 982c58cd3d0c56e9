//! What pods that do not become ready say. They are listed only while something is amiss.

use confab_desired::Reason;
use confab_desired::reason::condition;
use confab_desired::status::Part;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::Api;
use kube::api::ListParams;

use super::context::Context;
use super::failure::Failure;

/// The exit codes of `confab-messaging migrate`, which tell what is wrong with a database.
const UNREACHABLE: i32 = 75;
const REFUSED: i32 = 77;
const TOO_NEW: i32 = 78;

/// What the pods behind a selector say of themselves, the worst first; nothing, if they say nothing.
pub(super) async fn diagnose(namespace: &str, selector: &str, context: &Context) -> Result<Option<Part>, Failure> {
    let api: Api<Pod> = Api::namespaced(context.client.clone(), namespace);
    let pods = api.list(&ListParams::default().labels(selector).limit(50)).await;
    Ok(explain(&pods.map_err(Failure::cluster("look at the pods"))?.items))
}

fn explain(pods: &[Pod]) -> Option<Part> {
    let statuses = |init: bool| {
        pods.iter().filter_map(|pod| pod.status.as_ref()).flat_map(move |status| {
            if init { status.init_container_statuses.clone() } else { status.container_statuses.clone() }
                .unwrap_or_default()
        })
    };
    let database = statuses(true).find_map(|status| database(&status));
    let waiting = || statuses(true).chain(statuses(false)).find_map(|status| waiting(&status));
    let crashed = || statuses(false).find_map(|status| crashed(&status));
    database.or_else(waiting).or_else(crashed).or_else(|| pods.iter().find_map(unschedulable))
}

/// The last words of the migration.
fn database(status: &ContainerStatus) -> Option<Part> {
    let ended =
        [&status.state, &status.last_state].into_iter().flatten().find_map(|state| state.terminated.as_ref())?;
    let reason = match ended.exit_code {
        UNREACHABLE => Reason::DatabaseUnreachable,
        REFUSED => Reason::DatabaseRefused,
        TOO_NEW => Reason::DatabaseTooNew,
        _ => return None,
    };
    let words =
        ended.message.as_deref().map(str::trim).filter(|words| !words.is_empty()).unwrap_or("no reason was given");
    Some(Part::progressing(condition::DATABASE, reason, last_line(words)))
}

/// What keeps a container from starting: its image, its volumes.
fn waiting(status: &ContainerStatus) -> Option<Part> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    if matches!(reason, "PodInitializing" | "ContainerCreating" | "CrashLoopBackOff") {
        return None;
    }
    let message = waiting.message.as_deref().unwrap_or_default();
    Some(not_ready(format!("container {}: {reason}: {message}", status.name)))
}

fn crashed(status: &ContainerStatus) -> Option<Part> {
    let ended = status.last_state.as_ref()?.terminated.as_ref()?;
    if status.ready || ended.exit_code == 0 {
        return None;
    }
    let words = last_line(ended.message.as_deref().unwrap_or_default());
    Some(not_ready(format!("container {} ended with {}: {words}", status.name, ended.exit_code)))
}

fn unschedulable(pod: &Pod) -> Option<Part> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled =
        conditions.iter().find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    Some(not_ready(format!("a pod finds no node: {}", scheduled.message.as_deref().unwrap_or_default())))
}

fn not_ready(message: String) -> Part {
    Part::progressing(condition::WORKLOADS, Reason::PodsNotReady, message)
}

/// A log's last line is the one that tells why.
fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &serde_json::Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "status": status})).expect("a pod")
    }

    fn told(status: &serde_json::Value) -> Option<(Reason, String)> {
        explain(&[pod(status)]).map(|part| (part.reason, part.message))
    }

    fn container(state: &serde_json::Value) -> serde_json::Value {
        json!({"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 1, "state": state})
    }

    #[test]
    fn a_migration_that_failed_tells_what_is_wrong_with_the_database() {
        for (code, reason) in
            [(75, Reason::DatabaseUnreachable), (77, Reason::DatabaseRefused), (78, Reason::DatabaseTooNew)]
        {
            let ended = json!({"terminated": {"exitCode": code, "message": "a log line\nno password fits\n"}});
            let status = json!({"initContainerStatuses": [container(&ended)]});
            assert_eq!(told(&status), Some((reason, "no password fits".to_owned())));
        }
    }

    #[test]
    fn an_image_that_cannot_be_pulled_a_crash_and_a_full_cluster_are_told() {
        let pull = json!({"containerStatuses": [container(&json!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}}))]});
        assert!(told(&pull).expect("told").1.contains("no such image"));
        let mut crash = container(&json!({"waiting": {"reason": "CrashLoopBackOff"}}));
        crash["lastState"] = json!({"terminated": {"exitCode": 1, "message": "config: unknown key"}});
        assert!(told(&json!({"containerStatuses": [crash]})).expect("told").1.contains("unknown key"));
        let full = json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]});
        assert!(told(&full).expect("told").1.contains("0/1 nodes"));
        let starting = json!({"containerStatuses": [container(&json!({"waiting": {"reason": "ContainerCreating"}}))]});
        assert_eq!(told(&starting), None);
    }
}
