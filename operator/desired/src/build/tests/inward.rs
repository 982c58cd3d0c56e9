//! Names by which a tenant is reached: Services, Ingress, HTTPRoute, certificates, metrics.

use serde_json::{Value, json};

use super::wanted;
use crate::fixture::{ALONE, EMBEDDED, FULL, HOST, SHAPES, find, names, templates};
use crate::kind::Kind;

/// `(host, path, kind of path, Service)` of each rule of the Ingress.
fn ingress(spec: &str) -> Vec<(String, String, String, String)> {
    let wanted = wanted(spec);
    let rules = find(&wanted, Kind::Ingress, "demo")["spec"]["rules"].as_array().expect("rules").clone();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let paths = |rule: &Value| {
        let host = text(&rule["host"]);
        let one = |path: &Value| {
            let service = &path["backend"]["service"];
            assert_eq!(service["port"], json!({"name": "http"}));
            (host.clone(), text(&path["path"]), text(&path["pathType"]), text(&service["name"]))
        };
        rule["http"]["paths"].as_array().expect("paths").iter().map(one).collect::<Vec<_>>()
    };
    rules.iter().flat_map(paths).collect()
}

fn row(host: &str, path: &str, kind: &str, service: &str) -> (String, String, String, String) {
    (host.to_owned(), path.to_owned(), kind.to_owned(), service.to_owned())
}

#[test]
fn an_ingress_leads_sockets_to_presence_and_everything_else_to_messaging() {
    let expected = [
        row("chat.example.com", "/v1/ws", "Exact", "demo-presence"),
        row("chat.example.com", "/", "Prefix", "demo-messaging"),
        row("api.chat.example.com", "/v1/ws", "Exact", "demo-presence"),
        row("api.chat.example.com", "/", "Prefix", "demo-messaging"),
        row("ws.chat.example.com", "/", "Prefix", "demo-presence"),
    ];
    assert_eq!(ingress(FULL), expected);
}

#[test]
fn with_one_process_everything_leads_to_it() {
    let expected = ["chat.example.com", "api.chat.example.com", "ws.chat.example.com"]
        .map(|host| row(host, "/", "Prefix", "demo-serve"));
    assert_eq!(ingress(EMBEDDED), expected);
}

#[test]
fn an_ingress_has_its_class_its_annotations_and_its_certificate() {
    let full = wanted(FULL);
    let ingress = find(&full, Kind::Ingress, "demo");
    assert_eq!(ingress["spec"]["ingressClassName"], "traefik");
    assert_eq!(ingress["metadata"]["annotations"], json!({"example.com/timeout": "3600"}));
    let hosts = json!(["chat.example.com", "api.chat.example.com", "ws.chat.example.com"]);
    assert_eq!(ingress["spec"]["tls"], json!([{"hosts": hosts, "secretName": "demo-tls"}]));
    let certificate = find(&full, Kind::Certificate, "demo-tls");
    let issuer = json!({"name": "ca", "kind": "Issuer", "group": "cert-manager.io"});
    assert_eq!(certificate["spec"], json!({"secretName": "demo-tls", "dnsNames": hosts, "issuerRef": issuer}));
    let given = wanted(&FULL.replace("{certManager: {issuerRef: {name: ca}}}", "{secretName: mine}"));
    assert_eq!(find(&given, Kind::Ingress, "demo")["spec"]["tls"][0]["secretName"], "mine");
    assert!(!names(&given).iter().any(|(kind, _)| *kind == Kind::Certificate));
    let plain = wanted(EMBEDDED);
    let ingress = find(&plain, Kind::Ingress, "demo");
    assert!(ingress["spec"]["tls"].is_null() && ingress["spec"]["ingressClassName"].is_null());
}

#[test]
fn routes_of_the_gateway_api_say_the_same_for_the_tenant_its_guests_and_its_sockets() {
    let host = wanted(HOST);
    let parents = json!([
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "web", "namespace": "edge", "sectionName": "https"},
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "local", "namespace": "chat"},
    ]);
    let backend = |name: &str| json!([{"group": "", "kind": "Service", "name": name, "port": 80, "weight": 1}]);
    let own = &find(&host, Kind::HttpRoute, "demo")["spec"];
    assert_eq!(own["parentRefs"], parents);
    assert_eq!(own["hostnames"], json!(["chat.example.com", "api.chat.example.com", "*.guests.example.com"]));
    let rules = json!([
        {"matches": [{"path": {"type": "Exact", "value": "/v1/ws"}}], "backendRefs": backend("demo-presence")},
        {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": backend("demo-messaging")},
    ]);
    assert_eq!(own["rules"], rules);
    let sockets = &find(&host, Kind::HttpRoute, "demo-ws")["spec"];
    assert_eq!(sockets["hostnames"], json!(["ws.chat.example.com"]));
    assert_eq!(
        sockets["rules"],
        json!([{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": backend("demo-presence")}])
    );
    assert!(!names(&host).iter().any(|(kind, _)| *kind == Kind::Ingress));
}

#[test]
fn a_route_holds_sixteen_names_and_more_get_another() {
    let guests: Vec<String> = (0..32).map(|number| format!("guest-{number}.example.com")).collect();
    let many = wanted(&HOST.replace("'*.guests.example.com'", &guests.join(", ")));
    let routes: Vec<&str> =
        names(&many).into_iter().filter(|(kind, _)| *kind == Kind::HttpRoute).map(|(_, name)| name).collect();
    assert_eq!(routes, ["demo", "demo-2", "demo-3", "demo-ws"]);
    let hosts = |name: &str| find(&many, Kind::HttpRoute, name)["spec"]["hostnames"].as_array().expect("names").clone();
    let all: Vec<Value> = routes.iter().flat_map(|name| hosts(name)).collect();
    assert_eq!(all.len(), 2 + 32 + 1);
    assert!(routes.iter().all(|name| hosts(name).len() <= 16));
    assert_eq!(
        find(&many, Kind::HttpRoute, "demo-3")["spec"]["rules"],
        find(&many, Kind::HttpRoute, "demo")["spec"]["rules"]
    );
}

#[test]
fn a_guests_name_that_is_the_tenants_own_is_routed_once() {
    let again =
        wanted(&HOST.replace("'*.guests.example.com'", "chat.example.com, ws.chat.example.com, guest.example.com"));
    let own = &find(&again, Kind::HttpRoute, "demo")["spec"]["hostnames"];
    assert_eq!(*own, json!(["chat.example.com", "api.chat.example.com", "guest.example.com"]));
}

#[test]
fn without_a_gateway_there_is_no_way_in() {
    let inward = [Kind::Ingress, Kind::HttpRoute, Kind::Certificate];
    assert!(!names(&wanted(ALONE)).iter().any(|(kind, _)| inward.contains(kind)));
}

#[test]
fn every_port_of_a_service_leads_to_a_port_of_the_pods_that_it_selects() {
    for (shape, spec) in SHAPES {
        let wanted = wanted(spec);
        let mut seen = 0;
        for object in wanted.objects.iter().filter(|object| object.kind == Kind::Service) {
            let spec = &object.value["spec"];
            let selector = spec["selector"].as_object().expect("a selector");
            let chosen: Vec<&Value> = templates(&wanted)
                .into_values()
                .filter(|template| selector.iter().all(|(key, value)| template["metadata"]["labels"][key] == *value))
                .collect();
            assert_eq!(chosen.len(), 1, "{shape}: {}", object.name);
            let ports = chosen[0]["spec"]["containers"][0]["ports"].as_array().expect("ports");
            for port in spec["ports"].as_array().expect("ports") {
                assert!(
                    ports.iter().any(|known| known["name"] == port["targetPort"]),
                    "{shape}: {}: {port}",
                    object.name
                );
                seen += 1;
            }
        }
        assert!(seen >= 4, "{shape}");
    }
}

#[test]
fn each_role_has_one_address_and_a_record_for_each_pod() {
    let wanted = wanted(FULL);
    let service = |name: &str| find(&wanted, Kind::Service, name)["spec"].clone();
    let ports = |name: &str| {
        service(name)["ports"].as_array().expect("ports").iter().map(|port| port["port"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ports("demo-messaging"), [80, 9090, 9091]);
    assert_eq!(ports("demo-presence"), [80, 9090]);
    assert_eq!(service("demo-presence-pods")["clusterIP"], "None");
    assert!(service("demo-presence")["clusterIP"].is_null(), "the cluster gives one");
}

#[test]
fn prometheus_finds_each_pod_once_and_only_where_it_is_installed() {
    let full = wanted(FULL);
    let monitor = find(&full, Kind::ServiceMonitor, "demo");
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(*endpoint, json!({"port": "ops", "path": "/metrics"}));
    let selector = monitor["spec"]["selector"]["matchLabels"].as_object().expect("labels");
    let services = full.objects.iter().filter(|object| object.kind == Kind::Service);
    let scraped = services.filter(|object| {
        let selected = selector.iter().all(|(key, value)| object.value["metadata"]["labels"][key] == *value);
        let ports = object.value["spec"]["ports"].as_array().expect("ports");
        selected && ports.iter().any(|port| port["name"] == "ops")
    });
    assert_eq!(scraped.map(|object| object.name.as_str()).collect::<Vec<_>>(), ["demo-messaging", "demo-presence"]);
    let labels = [("release".to_owned(), "prometheus".to_owned())].into();
    let labelled = crate::Settings { service_monitor_labels: labels, ..crate::fixture::settings() };
    let of = |settings: &crate::Settings| {
        crate::build::objects(
            &crate::fixture::checked(&crate::fixture::tenant(FULL)),
            settings,
            &crate::build::Former::new(),
        )
    };
    assert_eq!(find(&of(&labelled), Kind::ServiceMonitor, "demo")["metadata"]["labels"]["release"], "prometheus");
    let without = of(&crate::Settings { capabilities: crate::settings::Capabilities::default(), ..labelled });
    assert!(!names(&without).iter().any(|(kind, _)| *kind == Kind::ServiceMonitor));
}
